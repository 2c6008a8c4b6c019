//! What somebody may do in the repository.

use serde::Deserialize;

use super::client::{Call, Client, escaped};
use super::error::{GitHubError, Operation, Problem};

/// The permissions of an account in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Write, and all above it.
    pub write: bool,
    /// Maintain, and admin.
    pub maintain: bool,
    /// Admin.
    pub admin: bool,
}

/// What an account may do; nothing for one that is gone or has no part in the repository.
///
/// Source: GitHub REST API, "Get repository permissions for a user".
///
/// # Errors
/// [`GitHubError`].
pub async fn permissions(client: &Client, login: &str) -> Result<Permissions, GitHubError> {
    let route = format!("/collaborators/{}/permission", escaped(login));
    let call = Call::get(Operation::ReadPermission, client.in_repository(&route));
    let answer = match client.send(&call).await {
        Ok(answer) => answer,
        Err(error) if error.problem() == Some(Problem::NotFound) => {
            return Ok(Permissions::default());
        }
        Err(error) => return Err(error),
    };
    let held: ApiPermission = answer.json()?;
    Ok(held.of(login))
}

#[derive(Deserialize)]
struct ApiPermission {
    /// `admin`, `write`, `read` or `none`: of a role below it, the next lower.
    #[serde(default)]
    permission: String,
    /// The role, which the organisation may have named.
    #[serde(default)]
    role_name: String,
    #[serde(default)]
    user: Option<ApiUser>,
}

#[derive(Deserialize)]
struct ApiUser {
    login: String,
    #[serde(default)]
    permissions: Option<ApiBase>,
}

#[derive(Deserialize)]
struct ApiBase {
    #[serde(default)]
    maintain: bool,
}

impl ApiPermission {
    fn of(&self, login: &str) -> Permissions {
        let is_asked = |user: &&ApiUser| user.login.eq_ignore_ascii_case(login);
        let Some(user) = self.user.as_ref().filter(is_asked) else {
            return Permissions::default();
        };
        let admin = self.permission == "admin";
        let base = user.permissions.as_ref();
        let maintains = self.role_name == "maintain" || base.is_some_and(|it| it.maintain);
        Permissions {
            write: admin || self.permission == "write",
            maintain: admin || (maintains && self.permission == "write"),
            admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(json: &str) -> Permissions {
        serde_json::from_str::<ApiPermission>(json)
            .unwrap()
            .of("Octo-Dev")
    }

    #[test]
    fn roles_contain_each_other_and_what_is_not_said_is_not_held() {
        let answer = |permission: &str, role: &str, maintain: bool| {
            held(&format!(
                r#"{{"permission":"{permission}","role_name":"{role}","user":{{"login":"octo-dev",
                   "permissions":{{"pull":true,"maintain":{maintain}}}}}}}"#
            ))
        };
        let flags = |it: Permissions| [it.write, it.maintain, it.admin];
        assert_eq!(flags(answer("none", "none", false)), [false; 3]);
        assert_eq!(flags(answer("read", "triage", false)), [false; 3]);
        assert_eq!(flags(answer("write", "write", false)), [true, false, false]);
        assert_eq!(
            flags(answer("write", "maintain", true)),
            [true, true, false]
        );
        assert_eq!(
            flags(answer("write", "release-team", true)),
            [true, true, false]
        );
        assert_eq!(flags(answer("admin", "admin", true)), [true; 3]);
        // An older server, another account, none.
        let old = r#"{"permission":"admin","user":{"login":"octo-dev"}}"#;
        assert_eq!(flags(held(old)), [true; 3]);
        let other = r#"{"permission":"admin","role_name":"admin","user":{"login":"mallory"}}"#;
        assert_eq!(flags(held(other)), [false; 3]);
        assert_eq!(flags(held(r#"{"permission":"admin"}"#)), [false; 3]);
    }
}
