use crate::document::Document;

#[test]
fn code_and_words_are_found_where_servers_of_the_field_put_them() {
    let table = [
        (
            r#"{"erros":[{"codigo":"4769515","versao":"1","mensagem":"Senha inválida","ocorrencia":"x"}]}"#,
            Some("4769515"),
            Some("Senha inválida"),
        ),
        (
            r#"{"codigo":"E12","mensaje":"Usuario bloqueado"}"#,
            Some("E12"),
            Some("Usuario bloqueado"),
        ),
        (
            r#"{"erro":"Usuário não encontrado"}"#,
            None,
            Some("Usuário não encontrado"),
        ),
        (
            r#"{"__type":"com.amazonaws.idp#NotAuthorizedException","message":"Password attempts exceeded"}"#,
            Some("NotAuthorizedException"),
            Some("Password attempts exceeded"),
        ),
        (
            r#"{"name":"AUTHENTICATION_FAILURE","message":"Authentication failed"}"#,
            Some("AUTHENTICATION_FAILURE"),
            Some("Authentication failed"),
        ),
        (
            r#"{"status":"BAD_CLIENT_SECRET","message":"missing or unknown client secret"}"#,
            Some("BAD_CLIENT_SECRET"),
            Some("missing or unknown client secret"),
        ),
        (
            r#"{"data":null,"error":{"status":400,"name":"ValidationError","message":"Invalid identifier or password","details":{}}}"#,
            Some("ValidationError"),
            Some("Invalid identifier or password"),
        ),
        (
            r#"{"id":"api.user.login.invalid_credentials","message":"Enter a valid email","status_code":401}"#,
            Some("api.user.login.invalid_credentials"),
            Some("Enter a valid email"),
        ),
        (
            r#"{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}"#,
            Some("INVALID_CREDENTIALS"),
            Some("Invalid user credentials."),
        ),
        (
            r#"{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}"#,
            Some("invalid_credentials"),
            Some("Invalid login credentials"),
        ),
        (
            r#"{"code":401,"id":"sess_5f3a9","name":"bob","message":"no"}"#,
            Some("401"),
            Some("no"),
        ),
        (
            r#"{"errors":"[API] Invalid API key"}"#,
            None,
            Some("[API] Invalid API key"),
        ),
        (
            r#"{"reasons":["Password is incorrect."],"exception":"AuthenticationFailed"}"#,
            None,
            Some("Password is incorrect."),
        ),
        (
            r#"{"errorMessages":["Login denied"],"errors":{}}"#,
            None,
            Some("Login denied"),
        ),
        (
            r#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params.","data":"Incorrect password"},"id":1}"#,
            Some("-32602"),
            Some("Invalid params.: Incorrect password"),
        ),
        (
            r#"{"error":{"code":200,"message":"Odoo Server Error","data":{"message":"Access Denied","debug":"Traceback"}}}"#,
            Some("200"),
            Some("Odoo Server Error: Access Denied"),
        ),
        (r#"{"message":"Hello","data":"T0KEN"}"#, None, Some("Hello")),
        (
            r#"{"error":{"code":"005056A5","message":{"lang":"en","value":"User account has been locked"}}}"#,
            Some("005056A5"),
            Some("User account has been locked"),
        ),
        (
            r#"{"error":{"message":"User Not Authenticated","detail":"Required to provide Auth information"},"status":"failure"}"#,
            None,
            Some("User Not Authenticated: Required to provide Auth information"),
        ),
        (
            r#"{"error":"invalid_grant","error_description":"Bad grant","hint":"your IP address is locked"}"#,
            Some("invalid_grant"),
            Some("Bad grant: your IP address is locked"),
        ),
        (
            r#"{"meta":{"rc":"error","msg":"api.err.Invalid"},"data":[]}"#,
            None,
            Some("api.err.Invalid"),
        ),
        (
            r#"{"status":{"title":"Unauthorized","statusCode":401,"detail":"Invalid credentials."}}"#,
            Some("401"),
            Some("Unauthorized: Invalid credentials."),
        ),
        (
            r#"{"tppMessages":[{"category":"ERROR","code":"CERTIFICATE_INVALID","text":"bad certificate"}]}"#,
            Some("CERTIFICATE_INVALID"),
            Some("bad certificate"),
        ),
        (
            r#"{"Code":"400 BadRequest","Message":"Bad request","Errors":[{"ErrorCode":"UK.OBIE.Field.Invalid","Message":"client_id"}]}"#,
            Some("UK.OBIE.Field.Invalid"),
            Some("Bad request"),
        ),
        (
            r#"{"Errors":{"Error":[{"Source":"OAuth","ReasonCode":"INVALID_CLIENT_ID","Description":"Invalid client"}]}}"#,
            Some("INVALID_CLIENT_ID"),
            Some("Invalid client"),
        ),
        (
            r#"{"code":"[jwt_auth] incorrect_password","message":"<strong>Error</strong>: Wrong password, 1 < 2. <a href=\"https://x/\">Lost?</a>"}"#,
            Some("[jwt_auth] incorrect_password"),
            Some("Error: Wrong password, 1 < 2. Lost?"),
        ),
        (
            r#"<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="x"><soapenv:Header/><soapenv:Body><soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>Runtime Error</faultstring><detail>Error connecting</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"#,
            None,
            Some("Runtime Error: Error connecting"),
        ),
        (
            r#"<s:Envelope xmlns:s="x"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang="en">Invalid Credentials</s:Text></s:Reason><s:Detail/></s:Fault></s:Body></s:Envelope>"#,
            None,
            Some("Invalid Credentials"),
        ),
    ];
    for (body, code, message) in table {
        let details = Document::of_error(body.as_bytes())
            .map(|document| document.details())
            .unwrap_or_default();
        assert_eq!(
            (details.code.as_deref(), details.message.as_deref()),
            (code, message),
            "{body}"
        );
    }
}
