//! Names and ARNs of AWS, checked by AWS's rules before anything is sent.
//!
//! Source: patterns in the API reference of SageMaker (`CreateModel`, `CreateProcessingJob`) and of
//! IAM.

/// Longest name of most resources of SageMaker.
const LONGEST_NAME: usize = 63;
/// Longest URI of an image.
const LONGEST_IMAGE: usize = 255;
/// Longest path and name of a role.
const LONGEST_ROLE: usize = 576;

/// The six parts of an ARN.
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    /// `model/churn-xgb`.
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, _region, account, resource] => Some(Self {
                partition,
                service,
                account,
                resource,
            }),
            _ => None,
        }
    }

    /// Whether the parts before the resource can be AWS's.
    fn is_of(&self, service: &str) -> bool {
        let is_account =
            self.account.len() == 12 && self.account.bytes().all(|it| it.is_ascii_digit());
        self.partition.starts_with("aws") && self.service == service && is_account
    }
}

/// The name behind `kind/` where `text` is the ARN of such a resource of SageMaker, else `text`.
fn name_of<'a>(text: &'a str, kind: &str) -> Result<&'a str, String> {
    let Some(arn) = Arn::parse(text) else {
        return Ok(text);
    };
    let (found, name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    if arn.is_of("sagemaker") && found == kind {
        return Ok(name);
    }
    let found = if arn.service == "sagemaker" {
        found
    } else {
        arn.service
    };
    Err(format!(
        "`{text}` is an ARN of another kind, {found}: that of a {kind} is \
         arn:aws:sagemaker:us-east-1:123456789012:{kind}/NAME"
    ))
}

/// Letters, digits and single or double hyphens, none at either end.
fn is_name(text: &str) -> bool {
    let may_be_in = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=LONGEST_NAME).contains(&text.len())
        && text.chars().all(may_be_in)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// `text` with what no name can hold as hyphens, where that is a name.
fn repaired(text: &str) -> Option<String> {
    let hyphened: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let name = hyphened.trim_matches('-').to_owned();
    is_name(&name).then_some(name)
}

fn name(text: &str, kind: &str, what: &str) -> Result<String, String> {
    let name = name_of(text, kind)?;
    if is_name(name) {
        return Ok(name.to_owned());
    }
    let rule = format!(
        "`{name}` cannot be the name of a {what}: 1 to {LONGEST_NAME} letters, digits and hyphens, no hyphen at the \
         beginning or end"
    );
    Err(match repaired(name) {
        Some(guess) => format!("{rule}; is it {guess}?"),
        None if name.len() > LONGEST_NAME => format!("{rule}; it has {}", name.len()),
        None => rule,
    })
}

/// `churn-xgb`, or the ARN of the model, whose last part is taken.
pub(super) fn parse_model_name(text: &str) -> Result<String, String> {
    name(text, "model", "SageMaker model")
}

/// `sagegate-1842-1-9ixi1200`: the name of a processing job, or its ARN, whose last part is taken.
pub(super) fn parse_job_name(text: &str) -> Result<String, String> {
    name(text, "processing-job", "processing job")
}

/// `arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3`, or `churn/3`.
pub(super) fn parse_model_package(text: &str) -> Result<String, String> {
    let package = name_of(text, "model-package")?;
    let (name, version) = package.split_once('/').unwrap_or((package, "1"));
    let is_version =
        (1..=9).contains(&version.len()) && version.bytes().all(|it| it.is_ascii_digit());
    if is_name(name) && is_version {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not a version in the model registry, use for example \
             arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
        ))
    }
}

/// `arn:aws:iam::123456789012:role/gate`.
pub(super) fn parse_role_arn(text: &str) -> Result<String, String> {
    let is_role = |it: &str| {
        it.strip_prefix("role/").is_some_and(|name| {
            let may_be_in = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
            (1..=LONGEST_ROLE).contains(&name.len()) && name.chars().all(may_be_in)
        })
    };
    match Arn::parse(text) {
        Some(arn) if arn.is_of("iam") && is_role(arn.resource) => Ok(text.to_owned()),
        Some(_) | None => Err(format!(
            "`{text}` is not the ARN of a role, use for example arn:aws:iam::123456789012:role/gate{}",
            if text.contains(':') {
                ""
            } else {
                "; `aws iam get-role --role-name NAME --query Role.Arn` prints that of a name"
            }
        )),
    }
}

/// `123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1`.
pub(super) fn parse_image(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > LONGEST_IMAGE || text.contains(char::is_whitespace) {
        Err(format!(
            "`{text}` is not the URI of an image: at most {LONGEST_IMAGE} characters without spaces"
        ))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_an_arn_the_last_part_is_taken() {
        let arn = "arn:aws:sagemaker:us-east-1:123456789012:model/churn-xgb";
        assert_eq!(parse_model_name(arn).unwrap(), "churn-xgb");
        assert_eq!(
            parse_model_name("arn:aws-cn:sagemaker:cn-north-1:123456789012:model/m").unwrap(),
            "m"
        );
        let job = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/sagegate-1-2";
        assert_eq!(parse_job_name(job).unwrap(), "sagegate-1-2");
        for name in ["m", "churn--xgb-2", &"x".repeat(63)] {
            assert_eq!(parse_model_name(name).unwrap(), name);
        }
        for package in [
            "churn",
            "churn/3",
            "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3",
        ] {
            assert_eq!(parse_model_package(package).unwrap(), package);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_rule() {
        let long = "x".repeat(64);
        let errors = [
            parse_model_name("churn_xgb"),
            parse_model_name("a/b"),
            parse_model_name(&long),
            parse_model_name(""),
            parse_model_name("-m"),
            parse_model_name("arn:aws:sagemaker:us-east-1:123456789012:endpoint/churn"),
            parse_model_name("arn:aws:iam::123456789012:role/m"),
            parse_model_name("arn:aws:sagemaker:us-east-1:123456789012:model/a_b"),
            parse_job_name("job 1"),
            parse_model_package("arn:aws:sagemaker:us-east-1:123456789012:model/churn"),
            parse_model_package("churn/latest"),
            parse_role_arn("SageMakerRole"),
            parse_role_arn("arn:aws:iam::1234:role/r"),
            parse_role_arn("arn:aws:iam::123456789012:user/r"),
            parse_image("my image"),
        ];
        let errors: Vec<String> = errors.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(errors.join("\n"), @"
        `churn_xgb` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; is it churn-xgb?
        `a/b` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; is it a-b?
        `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; it has 64
        `` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end
        `-m` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; is it m?
        `arn:aws:sagemaker:us-east-1:123456789012:endpoint/churn` is an ARN of another kind, endpoint: that of a model is arn:aws:sagemaker:us-east-1:123456789012:model/NAME
        `arn:aws:iam::123456789012:role/m` is an ARN of another kind, iam: that of a model is arn:aws:sagemaker:us-east-1:123456789012:model/NAME
        `a_b` cannot be the name of a SageMaker model: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; is it a-b?
        `job 1` cannot be the name of a processing job: 1 to 63 letters, digits and hyphens, no hyphen at the beginning or end; is it job-1?
        `arn:aws:sagemaker:us-east-1:123456789012:model/churn` is an ARN of another kind, model: that of a model-package is arn:aws:sagemaker:us-east-1:123456789012:model-package/NAME
        `churn/latest` is not a version in the model registry, use for example arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3
        `SageMakerRole` is not the ARN of a role, use for example arn:aws:iam::123456789012:role/gate; `aws iam get-role --role-name NAME --query Role.Arn` prints that of a name
        `arn:aws:iam::1234:role/r` is not the ARN of a role, use for example arn:aws:iam::123456789012:role/gate
        `arn:aws:iam::123456789012:user/r` is not the ARN of a role, use for example arn:aws:iam::123456789012:role/gate
        `my image` is not the URI of an image: at most 255 characters without spaces
        ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_guess_is_a_name(text in "[a-z_/ .-]{0,70}") {
            if let Some(guess) = repaired(&text) {
                prop_assert_eq!(parse_model_name(&guess), Ok(guess.clone()));
            }
        }
    }
}
