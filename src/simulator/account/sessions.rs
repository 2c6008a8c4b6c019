//! STS: sessions of roles that were assumed with an identity token, and what is refused once they
//! are over.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ACCOUNT_ID, Account};
use crate::simulator::validate::{ApiError, text};

/// Audience of tokens for AWS.
const AUDIENCE: &str = "sts.amazonaws.com";

/// When each session ends, by its access key id.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<String, f64>);

impl Account {
    /// Why a session's credentials are no longer good. Other credentials always are.
    pub(in crate::simulator) fn refused_session(
        &self,
        access_key_id: &str,
        now: f64,
    ) -> Option<ApiError> {
        let ends = self.sessions.0.get(access_key_id)?;
        let message = "The security token included in the request is expired";
        (now >= *ends).then(|| ApiError::new(403, "ExpiredTokenException", message))
    }

    /// Accepts every token that is well-formed, current and meant for AWS; signatures are not
    /// checked.
    pub(super) fn assume_role_with_web_identity(
        &mut self,
        input: &Value,
        now: f64,
    ) -> Result<Value, ApiError> {
        let (arn, session) = (text(input, "RoleArn")?, text(input, "RoleSessionName")?);
        let role = role_name(arn)?;
        if !is_session_name(session) {
            let pattern = "Member must satisfy regular expression pattern: [\\w+=,.@-]*";
            return Err(ApiError::constraint(session, "roleSessionName", pattern));
        }
        let claims = claims(text(input, "WebIdentityToken")?, now)?;
        let ends = now + self.scenario.session_seconds;
        let number = self.sessions.0.len();
        let access_key_id = format!("ASIASIMULATED{number:07}");
        self.sessions.0.insert(access_key_id.clone(), ends);
        Ok(json!({
            "AssumedRoleUser": {
                "Arn": format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}"),
                "AssumedRoleId": format!("AROASIMULATED:{session}"),
            },
            "Audience": AUDIENCE,
            "Credentials": {
                "AccessKeyId": access_key_id,
                "SecretAccessKey": "simulated",
                "SessionToken": format!("simulated-session-{number}"),
                "Expiration": timestamp(ends),
            },
            "SubjectFromWebIdentityToken": claims.get("sub").unwrap_or(&Value::Null),
        }))
    }
}

/// Every caller is of this account.
pub(super) fn caller_identity() -> Value {
    json!({
        "Account": ACCOUNT_ID,
        "Arn": format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/simulated/simulated"),
        "UserId": "AROASIMULATED:simulated",
    })
}

/// Expirations are whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
fn timestamp(seconds: f64) -> String {
    let time = Timestamp::from_second(seconds as i64).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn role_name(arn: &str) -> Result<&str, ApiError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let role = match parts.as_slice() {
        ["arn", _, "iam", "", account, resource]
            if account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit()) =>
        {
            resource.strip_prefix("role/")
        }
        _ => None,
    };
    role.and_then(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::new(400, "ValidationError", format!("{arn} is invalid")))
}

fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

/// The claims of a token.
fn claims(token: &str, now: f64) -> Result<Value, ApiError> {
    let refuse = |why: &str| ApiError::new(400, "InvalidIdentityToken", why);
    let payload = match token.split('.').collect::<Vec<_>>().as_slice() {
        [_, payload, _] => URL_SAFE_NO_PAD.decode(payload).ok(),
        _ => None,
    };
    let claims: Option<Value> = payload.and_then(|it| serde_json::from_slice(&it).ok());
    let claims = claims.ok_or_else(|| {
        refuse("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    })?;
    if claims.get("aud").and_then(Value::as_str) != Some(AUDIENCE) {
        return Err(refuse("Incorrect token audience"));
    }
    let expires = claims.get("exp").and_then(Value::as_f64);
    if expires.is_none_or(|expires| expires <= now) {
        let message = "Token expired: current date/time must be before the expiration date/time";
        return Err(ApiError::new(400, "ExpiredTokenException", message));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::scenario::tests::scenario;

    fn token(claims: &Value) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn assume(account: &mut Account, arn: &str, token: &str) -> Result<Value, ApiError> {
        let input =
            json!({"RoleArn": arn, "RoleSessionName": "sagegate", "WebIdentityToken": token});
        account.assume_role_with_web_identity(&input, 1000.0)
    }

    const ROLE: &str = "arn:aws:iam::123456789012:role/ci/gate";

    #[test]
    fn a_session_lasts_as_long_as_the_scenario_says() {
        let mut account = Account::new(scenario("").with_sessions_of(12.0), 0.0);
        let token = token(&json!({"aud": AUDIENCE, "exp": 1300, "sub": "repo:o/r:ref"}));
        let answer = assume(&mut account, ROLE, &token).unwrap();
        let credentials = &answer["Credentials"];
        assert_eq!(credentials["Expiration"], "1970-01-01T00:16:52Z");
        assert_eq!(
            answer["AssumedRoleUser"]["Arn"],
            "arn:aws:sts::000000000000:assumed-role/gate/sagegate"
        );
        assert_eq!(answer["SubjectFromWebIdentityToken"], "repo:o/r:ref");
        let key = credentials["AccessKeyId"].as_str().unwrap();
        assert_eq!(account.refused_session(key, 1011.9), None);
        let error = account.refused_session(key, 1012.0).unwrap();
        assert_eq!((error.status, error.code), (403, "ExpiredTokenException"));
        assert_eq!(account.refused_session("AKIAOTHER", 1e9), None);
    }

    #[test]
    fn tokens_that_sts_would_refuse_are_refused() {
        let mut account = Account::new(scenario(""), 0.0);
        let mut code = |token: &str| assume(&mut account, ROLE, token).unwrap_err().code;
        assert_eq!(code("not a token"), "InvalidIdentityToken");
        let elsewhere = token(&json!({"aud": "https://github.com/o", "exp": 1300}));
        assert_eq!(code(&elsewhere), "InvalidIdentityToken");
        let old = token(&json!({"aud": AUDIENCE, "exp": 1000}));
        assert_eq!(code(&old), "ExpiredTokenException");
        let good = token(&json!({"aud": AUDIENCE, "exp": 1300}));
        for arn in [
            "gate",
            "arn:aws:iam::1:role/gate",
            "arn:aws:iam::123456789012:user/gate",
        ] {
            assert_eq!(
                assume(&mut account, arn, &good).unwrap_err().code,
                "ValidationError"
            );
        }
    }
}
