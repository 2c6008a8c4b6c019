//! Checks of request members, with AWS's codes and words.

use serde_json::Value;

/// An answer other than 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    /// HTTP status.
    pub(super) status: u16,
    /// Error code.
    pub(super) code: &'static str,
    /// AWS's message; `None` is sent as `null`.
    pub(super) message: Option<String>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: Some(message.into()),
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(400, "ResourceLimitExceeded", message)
    }

    /// A fault on AWS's side.
    pub(super) fn internal() -> Self {
        let message = "The request processing has failed because of an unknown error.";
        Self::new(500, "InternalFailure", message)
    }

    /// Too many calls of the control plane or of CloudWatch.
    pub(super) fn rate_exceeded() -> Self {
        Self::new(400, "ThrottlingException", "Rate exceeded")
    }

    /// The answer to what the simulator cannot do.
    pub(super) fn unknown(what: &str) -> Self {
        let message = format!("the simulator does not know {what}");
        Self::new(404, "UnknownOperationException", message)
    }

    /// The caller's role lacks a permission.
    pub(super) fn denied(prefix: &str, operation: &str) -> Self {
        let message = format!(
            "User: arn:aws:sts::000000000000:assumed-role/simulated/simulated is not authorized to perform: \
             {prefix}:{operation} because no identity-based policy allows the {prefix}:{operation} action"
        );
        Self::new(400, "AccessDeniedException", message)
    }

    /// A required member is absent.
    pub(super) fn null(member: &str) -> Self {
        Self::constraint("null", member, "Member must not be null")
    }

    /// A value that breaks a constraint of the API's model.
    pub(super) fn constraint(value: &str, member: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }
}

/// A required string.
pub(super) fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    match input.get(member) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(ApiError::null(member)),
        Some(other) => Err(ApiError::new(
            400,
            "SerializationException",
            format!("{member} must be a string, not {other}"),
        )),
    }
}

/// A required name of a resource: at most 63 letters, digits and inner hyphens.
pub(super) fn name<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    let name = text(input, member)?;
    if name.len() > 63 {
        return Err(ApiError::constraint(
            name,
            member,
            "Member must have length less than or equal to 63",
        ));
    }
    if !is_name(name) {
        let pattern =
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
        return Err(ApiError::constraint(name, member, pattern));
    }
    Ok(name)
}

/// Whether a name follows SageMaker's pattern: 1 to 63 letters, digits and inner hyphens.
pub(super) fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// An optional word out of a list.
pub(super) fn choice<'a>(
    input: &'a Value,
    member: &str,
    words: &[&str],
) -> Result<Option<&'a str>, ApiError> {
    let Some(word) = optional_text(input, member)? else {
        return Ok(None);
    };
    if words.contains(&word) {
        return Ok(Some(word));
    }
    let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
    Err(ApiError::constraint(word, member, &constraint))
}

/// An optional part of a name: letters, digits and hyphens.
pub(super) fn part_of_name<'a>(
    input: &'a Value,
    member: &str,
) -> Result<Option<&'a str>, ApiError> {
    match optional_text(input, member)? {
        Some(part) if !part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
            let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9-]+";
            Err(ApiError::constraint(part, member, pattern))
        }
        part => Ok(part),
    }
}

/// An optional string.
pub(super) fn optional_text<'a>(
    input: &'a Value,
    member: &str,
) -> Result<Option<&'a str>, ApiError> {
    match member_of(input, member) {
        Some(_) => text(input, member).map(Some),
        None => Ok(None),
    }
}

/// A member; one that is `null` counts as absent.
pub(super) fn member_of<'a>(input: &'a Value, member: &str) -> Option<&'a Value> {
    input.get(member).filter(|value| !value.is_null())
}

/// A whole number within a range; `None` when the member is absent.
pub(super) fn integer(
    input: &Value,
    member: &str,
    minimum: i64,
    maximum: i64,
) -> Result<Option<i64>, ApiError> {
    let Some(value) = member_of(input, member) else {
        return Ok(None);
    };
    let number = value.as_i64().ok_or_else(|| {
        ApiError::new(
            400,
            "SerializationException",
            format!("{member} must be a whole number, not {value}"),
        )
    })?;
    if number < minimum {
        let constraint = format!("Member must have value greater than or equal to {minimum}");
        return Err(ApiError::constraint(
            &number.to_string(),
            member,
            &constraint,
        ));
    }
    if number > maximum {
        let constraint = format!("Member must have value less than or equal to {maximum}");
        return Err(ApiError::constraint(
            &number.to_string(),
            member,
            &constraint,
        ));
    }
    Ok(Some(number))
}

/// A required whole number within a range.
pub(super) fn required_integer(
    input: &Value,
    member: &str,
    minimum: i64,
    maximum: i64,
) -> Result<i64, ApiError> {
    integer(input, member, minimum, maximum)?.ok_or_else(|| ApiError::null(member))
}

/// Tags of a create call: at most 50, keys of 1 to 128 and values of at most 256 characters, no key
/// twice.
pub(super) fn tags(input: &Value) -> Result<Vec<(String, String)>, ApiError> {
    let Some(list) = member_of(input, "Tags") else {
        return Ok(Vec::new());
    };
    let list = list
        .as_array()
        .ok_or_else(|| ApiError::new(400, "SerializationException", "Tags must be a list"))?;
    if list.len() > 50 {
        return Err(ApiError::constraint(
            "tags",
            "tags",
            "Member must have length less than or equal to 50",
        ));
    }
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in list {
        let (key, value) = (text(tag, "Key")?, text(tag, "Value")?);
        if !(1..=128).contains(&key.chars().count()) || !key.chars().all(may_be_in_tag) {
            return Err(ApiError::constraint(
                key,
                "tags.member.key",
                "Member must be a tag key",
            ));
        }
        if value.chars().count() > 256 || !value.chars().all(may_be_in_tag) {
            return Err(ApiError::constraint(
                value,
                "tags.member.value",
                "Member must be a tag value",
            ));
        }
        if tags.iter().any(|(other, _)| other == key) {
            return Err(ApiError::validation(format!(
                "Duplicate tag keys found: {key}"
            )));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn may_be_in_tag(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_follow_sagemakers_pattern() {
        for good in ["a", "a-b", "a--b9", &"x".repeat(63)] {
            assert_eq!(name(&json!({ "N": good }), "N").unwrap(), good);
        }
        for bad in ["", "-a", "a-", "a_b", "a b", "ä", &"x".repeat(64)] {
            assert_eq!(
                name(&json!({ "N": bad }), "N").unwrap_err().code,
                "ValidationException",
                "{bad}"
            );
        }
        assert!(
            name(&json!({}), "N")
                .unwrap_err()
                .message
                .unwrap()
                .contains("Value 'null' at 'N'")
        );
    }

    #[test]
    fn a_word_outside_its_list_is_refused_with_the_list() {
        let input = json!({ "SortBy": "Age", "SortOrder": null });
        let error = choice(&input, "SortBy", &["Name", "Status"]).unwrap_err();
        let message = error.message.unwrap();
        assert!(
            message.ends_with("enum value set: [Name, Status]"),
            "{message}"
        );
        assert_eq!(choice(&input, "SortOrder", &["Ascending"]).unwrap(), None);
    }

    #[test]
    fn numbers_keep_their_range() {
        assert_eq!(
            integer(&json!({ "M": 200 }), "M", 1, 200).unwrap(),
            Some(200)
        );
        assert_eq!(integer(&json!({}), "M", 1, 200).unwrap(), None);
        for bad in [json!(0), json!(201), json!("5"), json!(1.5)] {
            assert!(integer(&json!({ "M": bad }), "M", 1, 200).is_err());
        }
        assert!(required_integer(&json!({}), "M", 1, 200).is_err());
    }

    #[test]
    fn tags_are_limited_and_unique() {
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        assert_eq!(
            tags(&json!({ "Tags": [tag("sagegate:run", "1-2")] }))
                .unwrap()
                .len(),
            1
        );
        for bad in [
            json!([tag("", "v")]),
            json!([tag("k", "v"), tag("k", "w")]),
            json!([tag("k", "a\nb")]),
            json!(vec![tag("k", "v"); 51]),
            json!([{ "Key": "k" }]),
        ] {
            assert!(tags(&json!({ "Tags": bad })).is_err());
        }
    }
}
