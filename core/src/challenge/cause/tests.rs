use http::{HeaderMap, HeaderValue};

use super::super::is_about_rights;
use super::words;

fn told(line: &str, body: &str) -> Option<&'static str> {
    let mut headers = HeaderMap::new();
    if !line.is_empty() {
        headers.insert("www-authenticate", HeaderValue::from_str(line).unwrap());
    }
    is_about_rights(&headers, body.as_bytes())
}

#[test]
fn the_cause_is_found_in_each_products_words() {
    for (body, cause) in [
        // Zoho, Slack, Zoom, Google, Dropbox, GLPI.
        (
            r#"{"code":"OAUTH_SCOPE_MISMATCH","message":"invalid oauth scope to access this URL","status":"error"}"#,
            "scope",
        ),
        (
            r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#,
            "scope",
        ),
        (
            r#"{"code":4711,"message":"Invalid access token, does not contain scopes:[user:read:admin]."}"#,
            "scope",
        ),
        (
            r#"{"error":{"code":401,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED"}}"#,
            "scope",
        ),
        (
            r#"{"error_summary":"missing_scope/..","error":{".tag":"missing_scope"}}"#,
            "scope",
        ),
        (r#"[{"error":"insufficient_scope"}]"#, "scope"),
        (
            r#"["ERROR_RIGHT_MISSING","You don't have permission to perform this action."]"#,
            "rights",
        ),
        // Azure API Management, Intercom, OpenWeather.
        (
            r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#,
            "subscription",
        ),
        (
            r#"{"errors":[{"code":"api_plan_restricted","message":"Active subscription needed."}]}"#,
            "subscription",
        ),
        (
            r#"{"cod":401,"message":"Please note that using One Call 3.0 requires a separate subscription."}"#,
            "subscription",
        ),
        (
            r#"{"fault":{"code":900804,"message":"Message throttled out","description":"You have exceeded your quota"}}"#,
            "quota",
        ),
        (
            r#"{"errors":[{"message":"Maximum credits exceeded"}]}"#,
            "quota",
        ),
        ("Rate limit exceeded", "quota"),
        (r#"{"message":"Request was throttled"}"#, "quota"),
        (
            r#"{"fault":{"faultstring":"Spike arrest violation. Allowed rate : 5"}}"#,
            "quota",
        ),
        (r#"{"message":"Too many requests"}"#, "quota"),
        (r#"{"title":"Payment Required"}"#, "payment"),
        // Kong, Apigee, IBM API Connect.
        (r#"{"message":"No API key found in request"}"#, "api key"),
        (
            r#"{"status":"error","code":"apiKeyMissing","message":"Append it to the URL."}"#,
            "api key",
        ),
        (
            r#"{"fault":{"faultstring":"x","detail":{"errorcode":"steps.oauth.v2.FailedToResolveAPIKey"}}}"#,
            "api key",
        ),
        (
            r#"{"httpCode":"401","moreInformation":"Client id not registered."}"#,
            "api key",
        ),
        (
            r#"{"httpCode":"401","httpMessage":"Unauthorized","moreInformation":"Invalid client id or secret."}"#,
            "api key",
        ),
        (
            r#"{"errorCode":"USER_LACKS_MEMBERSHIP","message":"The UserID does not have a valid membership in this Account."}"#,
            "rights",
        ),
        (
            r#"{"fault":{"faultstring":"Invalid API call as no apiproduct match found"}}"#,
            "api product",
        ),
        (
            r#"{"error":"Your trial has expired. Please upgrade your plan."}"#,
            "licence",
        ),
        (
            r#"{"message":"We have detected you are using an unrecognised IP address 1.2.3.4: https://x.example/token"}"#,
            "address",
        ),
        (
            r#"{"tppMessages":[{"category":"ERROR","code":"CERTIFICATE_EXPIRED","text":"Signature/corporate seal certificate is expired."}]}"#,
            "certificate",
        ),
        (
            r#"{"tppMessages":[{"code":"CONSENT_EXPIRED","text":"The consent was created by this TPP but has expired and needs to be renewed"}]}"#,
            "consent",
        ),
        (
            r#"{"title":"Bad request","detail":"Invalid timestamp"}"#,
            "clock",
        ),
        (
            r#"{"message":"The time difference between the request Date header and the server clock is too large"}"#,
            "clock",
        ),
        (r#"{"message":"Request signature mismatch"}"#, "signature"),
        (
            r#"{"error":"dpop_error","error_description":"DPoP validation error: Missing DPoP header"}"#,
            "proof",
        ),
        ("JWT audience doesn't match this application", "audience"),
        (
            r#"{"message":"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/a/, found https://sts.windows.net/b/."}"#,
            "audience",
        ),
    ] {
        assert_eq!(told("", body), Some(cause), "{body}");
    }
}

#[test]
fn a_challenge_tells_a_cause_too() {
    for (line, body, cause) in [
        (
            r#"Bearer error="invalid_token", error_description="The audience 'api://abc' is invalid""#,
            "",
            None,
        ),
        (
            r#"Bearer error_description="The issuer 'https://idp.example/' is invalid""#,
            "",
            Some("audience"),
        ),
        (
            r#"Bearer error="invalid_token", error_description="The audience '(null)' is invalid; The token expired at '01/01/2024 10:00:00'""#,
            "",
            None,
        ),
        (
            r#"Bearer error="invalid_token", error_description="The signature key was not found""#,
            "",
            None,
        ),
        (
            r#"Bearer realm="x""#,
            "Jwt issuer is not configured",
            Some("audience"),
        ),
        (r#"Bearer realm="x""#, "Jwt is expired", None),
        (
            r#"Bearer error="Invalid_Token""#,
            "Rate limit exceeded",
            None,
        ),
        (
            "",
            r#"{"error":" invalid_token ","error_description":"Wrong audience"}"#,
            None,
        ),
        (r#"Bearer error="insufficient-scope""#, "", Some("scope")),
        (
            "Bearer realm='a b', error='insufficient_scope'",
            "",
            Some("insufficient_scope"),
        ),
        (
            r#"DPoP error="use_dpop_nonce", error_description="x""#,
            "",
            Some("use_dpop_nonce"),
        ),
        (
            r#"Key realm="kong""#,
            r#"{"message":"Unauthorized"}"#,
            Some("api key"),
        ),
        (
            r#"AzureApiManagementKey realm="x",name="Ocp-Apim-Subscription-Key",type="header""#,
            "",
            Some("api key"),
        ),
        ("hmac", "", Some("api key")),
        (r#"Bearer realm="security", ApiKey"#, "", None),
        (r#"Bearer scope="read", error="invalid_token""#, "", None),
    ] {
        assert_eq!(told(line, body), cause, "{line} {body}");
    }
}

#[test]
fn what_may_be_said_of_a_dead_token_is_about_the_token() {
    for message in [
        // Vert.x said so of an expired token, Jira, Appwrite and PostgREST of a caller whom they do not know.
        "Invalid JWT token: missing required scopes.",
        "Missing scope: moderator:read:followers",
        "Insufficient privileges to complete the operation.",
        "Not enough permissions",
        "Missing required permissions",
        "Your consent has expired",
        "You do not have the permission to see the specified issue. Login Required",
        "User (role: guests) missing scope (account)",
        "permission denied for table orders",
        "A valid token with the required scope is required",
        "Missing or invalid credentials, or insufficient permissions",
        "Invalid token or insufficient permissions",
        "Token has expired or does not have sufficient permission",
        "Access token is missing, invalid, audience is incorrect (https://x.example), or have expired.",
        "Your session is invalid or your subscription has ended. Please log in",
        "Missing API key or access token",
        "Invalid API key",
        "Invalid client id in token",
        "Invalid client",
        "API Key is not valid or is expired / revoked.",
        "Your plan is active, but your token has expired",
        "Rate limit for unauthenticated requests exceeded",
        "The provided subscription token is invalid.",
        "Invalid timestamp: token issued in the future",
        "Token used before issued",
        "You must be logged in and have the required permission",
        "Authentication required, permission denied",
        "You do not have permission to access this resource",
        "Not authorized",
        "Access denied",
        "Invalid signature",
        "Unauthorized",
    ] {
        let json = serde_json::json!({ "error": { "message": message } }).to_string();
        for body in [message, &json, &format!("<e><m>{message}</m></e>")] {
            assert_eq!(told("", body), None, "{body}");
        }
    }
    // A page, a path and a document are no statements.
    for body in [
        "<html><body>Quota exceeded</body></html>",
        r#"{"error":"Unauthorized","path":"/quota/exceeded"}"#,
        r#"{"error":"Unauthorized","message":"#,
        &format!("Quota exceeded {}", "x".repeat(1000)),
    ] {
        assert_eq!(told("", body), None, "{body}");
    }
}

#[test]
fn one_statement_about_the_token_decides() {
    let both = r#"{"errorMessages":["Insufficient privileges","Login Required"]}"#;
    assert_eq!(told("", both), None);
}

#[test]
fn each_word_about_the_caller_outweighs_a_cause() {
    for word in [
        "revoked",
        "anonymous",
        "guest",
        "guests",
        "unauthenticated",
        "login",
        "logon",
        "logged",
        "signin",
        "session",
        "sessions",
        "expired",
        "expiry",
        "sign in",
        "log in",
    ] {
        assert_eq!(told("", &format!("Quota exceeded. {word}")), None, "{word}");
    }
    for word in [
        "token",
        "tokens",
        "jwt",
        "bearer",
        "credential",
        "credentials",
        "authentication",
        "password",
    ] {
        assert_eq!(
            told("", &format!("Quota exceeded. Bad {word}")),
            None,
            "{word}"
        );
    }
    for word in [
        "invalid",
        "valid",
        "missing",
        "malformed",
        "unknown",
        "inactive",
        "incorrect",
        "failed",
        "failure",
        "bad",
        "wrong",
        "unrecognized",
        "provided",
        "required",
    ] {
        let said = format!("Quota exceeded. Token {word}");
        assert_eq!(told("", &said), None, "{word}");
    }
    for other in ["Quota exceeded. Bad luck", "Quota exceeded. Token x"] {
        assert_eq!(told("", other), Some("quota"), "{other}");
    }
}

#[test]
fn other_things_than_tokens_expire() {
    for (word, cause) in [
        ("subscription", "subscription"),
        ("trial", "licence"),
        ("license", "licence"),
        ("licence", "licence"),
        ("plan", "licence"),
        ("certificate", "certificate"),
    ] {
        let said = format!("Your {word} has expired");
        assert_eq!(told("", &said), Some(cause), "{said}");
    }
}

#[test]
fn words_are_taken_apart_and_keys_put_together() {
    for (text, expected) in [
        (
            "InvalidAPICallAsNoApiProductMatchFound",
            "invalid api call as no api product match found",
        ),
        (
            "steps.oauth.v2.FailedToResolveAPIKey",
            "steps oauth v2 failed to resolve apikey",
        ),
        ("INSUFFICIENT_SCOPE", "insufficient scope"),
        ("gw-dev-app-key, Client ID", "gw dev appkey clientid"),
        ("see https://x.example/expired now", "see now"),
        ("Größe ÄNDERN", "größe ändern"),
        ("", ""),
    ] {
        assert_eq!(words(text).join(" "), expected, "{text}");
    }
}
