//! Recognises refusals in responses with a success status and no token.
//!
//! Many login endpoints respond to a wrong password with 200. Such a response must not count as unreadable, because those are tried
//! again, and trying again with a wrong password locks accounts.

use serde_json::Value;

use crate::document::Document;

/// Members that say whether the login succeeded.
const FLAGS: &[&str] = &[
    "ok",
    "success",
    "successful",
    "issuccess",
    "is_success",
    "succeeded",
    "authenticated",
    "status",
    "state",
    "result",
];
/// Flags of which a number does not count, because it is a code of the server's, and 0 often means success.
const WORDS_ONLY: &[&str] = &["status", "state", "result"];
const NO: &[&str] = &[
    "false",
    "no",
    "nok",
    "ko",
    "fail",
    "failed",
    "failure",
    "error",
    "denied",
    "invalid",
    "unauthorized",
    "forbidden",
];
/// Members with the status that the response should have had, or with a code of the server's own.
const STATUSES: &[&str] = &["code", "status", "statuscode", "status_code"];
/// Members with a code of the server's own.
const OWN_CODES: &[&str] = &[
    "code",
    "ret",
    "retcode",
    "ret_code",
    "resultcode",
    "result_code",
];
/// Members with a message for people.
const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "retmsg",
    "ret_msg",
    "resultmsg",
    "result_msg",
];
/// Messages that mean success.
const FINE: &[&str] = &[
    "ok",
    "success",
    "successful",
    "succeeded",
    "操作成功",
    "成功",
];
/// Members that are empty or 0 unless there is an error.
const ERRORS: &[&str] = &["errcode", "errno", "error_code", "errorcode", "errornum"];

/// The status that the refusal should have had, 400 if it names none; `None` if the response is not a refusal.
pub(super) fn denied_with(document: &Document) -> Option<u16> {
    let members: Vec<(String, &Value)> = document
        .root()
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let among = |names: &[&str], holds: &dyn Fn(&str, &Value) -> bool| {
        members
            .iter()
            .any(|(name, value)| names.contains(&name.as_str()) && holds(name, value))
    };
    let status = members
        .iter()
        .filter(|(name, _)| STATUSES.contains(&name.as_str()))
        .find_map(|(_, value)| number(value).filter(|status| (400..600).contains(status)));
    let said_no = || {
        among(FLAGS, &|name, value| match value {
            Value::Bool(yes) => !yes,
            Value::String(word) => NO.contains(&word.trim().to_ascii_lowercase().as_str()),
            Value::Number(count) => count.as_f64() == Some(0.0) && !WORDS_ONLY.contains(&name),
            _ => false,
        }) || among(ERRORS, &|_, value| match value {
            Value::String(code) => !matches!(code.trim(), "" | "0"),
            Value::Number(code) => code.as_f64() != Some(0.0),
            _ => false,
        })
    };
    // {"code":100005,"msg":"Email or password error."}. Servers write 0, 1, 2xx and 20000 for success.
    let coded_no = || {
        among(OWN_CODES, &|_, value| {
            number(value).is_some_and(|code| !matches!(code, 0 | 1 | 200..300 | 20_000))
        }) && among(MESSAGES, &|_, value| match value {
            Value::String(words) => {
                let words = words.trim().to_lowercase();
                !words.is_empty() && !FINE.contains(&words.as_str())
            }
            _ => false,
        })
    };
    status
        .and_then(|status| status.try_into().ok())
        .or_else(|| (said_no() || coded_no()).then_some(400))
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::denied_with;
    use crate::document::Document;

    #[test]
    fn refusals_in_each_servers_own_form() {
        for (body, status) in [
            (r#"{"success":false}"#, Some(400)),
            (r#"{"Success":false,"Message":"no"}"#, Some(400)),
            (r#"{"isSuccess":false}"#, Some(400)),
            (r#"{"success":"false"}"#, Some(400)),
            (r#"{"ok":0}"#, Some(400)),
            (r#"{"status":"fail","message":"Wrong password"}"#, Some(400)),
            (r#"{"status":"ERROR"}"#, Some(400)),
            (r#"{"status":false}"#, Some(400)),
            (r#"{"result":"error"}"#, Some(400)),
            (
                r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
                Some(400),
            ),
            (r#"{"errorCode":"E7"}"#, Some(400)),
            (
                r#"{"code":401,"msg":"wrong password","data":null}"#,
                Some(401),
            ),
            (r#"{"code":"403"}"#, Some(403)),
            (r#"{"statusCode":429}"#, Some(429)),
            (r#"{"status":503,"success":false}"#, Some(503)),
            (r#"{"success":true,"data":{}}"#, None),
            (r#"{"ok":1,"status":0,"result":0,"code":0}"#, None),
            (
                r#"{"status":"ok","code":200,"errno":0,"errcode":"0"}"#,
                None,
            ),
            (
                r#"{"hasError":false,"code":100005,"msg":"Email or password error.","data":null}"#,
                Some(400),
            ),
            (
                r#"{"code":"8513","message":"The account or password is incorrect"}"#,
                Some(400),
            ),
            (r#"{"code":-101,"message":"账号未登录"}"#, Some(400)),
            (r#"{"retCode":7,"retMsg":"no"}"#, Some(400)),
            (r#"{"code":20000,"message":"no data"}"#, None),
            (r#"{"code":7,"msg":"Success"}"#, None),
            (r#"{"code":7,"msg":""}"#, None),
            (r#"{"code":1001,"state":"abc"}"#, None),
            (r#"{"message":"hello"}"#, None),
            (r#"{"data":{"success":false}}"#, None),
            ("{}", None),
        ] {
            let document = Document::read(None, body.as_bytes(), "")
                .unwrap_or_else(|what| panic!("{what}: {body}"));
            assert_eq!(denied_with(&document), status, "{body}");
        }
    }
}
