//! Simulated S3: buckets of objects, and conditional writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Bytes;
use md5::{Digest as _, Md5};

use super::{ACCOUNT_ID, Account};
use crate::simulator::operations::Operation;
use crate::simulator::validate::ApiError;

/// Most keys in one answer of `ListObjectsV2`.
const MOST_KEYS: usize = 1000;

/// Buckets by name.
pub(super) type Buckets = BTreeMap<String, Bucket>;

/// Objects by key.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The account that it belongs to.
    owner: String,
    objects: BTreeMap<String, Object>,
}

/// A stored object.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Object {
    /// Its content.
    pub(in crate::simulator) bytes: Bytes,
    /// MD5 of the content in quotes, as S3 has it for an object written in one part.
    pub(in crate::simulator) etag: String,
    /// `Content-Type` of the writer.
    pub(in crate::simulator) content_type: String,
    /// When it was written.
    pub(in crate::simulator) written_at: f64,
}

/// A call of S3.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct ObjectCall {
    /// The bucket.
    pub(in crate::simulator) bucket: String,
    /// `x-amz-expected-bucket-owner`.
    pub(in crate::simulator) expected_owner: Option<String>,
    /// What to do with it.
    pub(in crate::simulator) operation: ObjectOperation,
}

/// What a call asks for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum ObjectOperation {
    CreateBucket,
    HeadBucket,
    List {
        prefix: String,
        after: String,
        max_keys: usize,
    },
    Get(String),
    Head(String),
    Put {
        key: String,
        bytes: Bytes,
        content_type: String,
        condition: Condition,
    },
    Delete(String),
}

/// When a write goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) enum Condition {
    /// Always.
    None,
    /// `If-None-Match: *`: when there is no such object.
    Absent,
    /// `If-Match`: when the object has this entity tag.
    Unchanged(String),
}

/// What a call answers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum ObjectAnswer {
    /// Nothing but a status.
    Done(u16),
    /// An object.
    Object(Object),
    /// The entity tag of what was written.
    Stored(String),
    /// Keys with their objects, and the key after which the next page begins.
    Listed {
        objects: Vec<(String, Object)>,
        next: Option<String>,
    },
}

impl ObjectOperation {
    /// Which operation of the API it is.
    pub(in crate::simulator) const fn operation(&self) -> Operation {
        match self {
            Self::CreateBucket => Operation::CreateBucket,
            Self::HeadBucket => Operation::HeadBucket,
            Self::List { .. } => Operation::ListObjectsV2,
            Self::Get(_) => Operation::GetObject,
            Self::Head(_) => Operation::HeadObject,
            Self::Put { .. } => Operation::PutObject,
            Self::Delete(_) => Operation::DeleteObject,
        }
    }
}

impl Account {
    /// Answers a call of S3.
    pub(in crate::simulator) fn s3(
        &mut self,
        call: ObjectCall,
        now: f64,
    ) -> Result<ObjectAnswer, ApiError> {
        if call.operation == ObjectOperation::CreateBucket {
            return self.create_bucket(call.bucket);
        }
        let bucket = self.buckets.get_mut(&call.bucket).ok_or_else(no_bucket)?;
        if call.expected_owner.is_some_and(|it| it != bucket.owner) {
            return Err(ApiError::new(403, "AccessDenied", "Access Denied"));
        }
        match call.operation {
            ObjectOperation::CreateBucket | ObjectOperation::HeadBucket => {
                Ok(ObjectAnswer::Done(200))
            }
            ObjectOperation::List {
                prefix,
                after,
                max_keys,
            } => Ok(bucket.list(&prefix, &after, max_keys)),
            ObjectOperation::Get(key) | ObjectOperation::Head(key) => {
                let object = bucket.objects.get(&key).cloned();
                object.map(ObjectAnswer::Object).ok_or_else(no_key)
            }
            ObjectOperation::Put {
                key,
                bytes,
                content_type,
                condition,
            } => {
                bucket.check(&key, &condition)?;
                let object = Object {
                    etag: etag(&bytes),
                    bytes,
                    content_type,
                    written_at: now,
                };
                let etag = object.etag.clone();
                bucket.objects.insert(key, object);
                Ok(ObjectAnswer::Stored(etag))
            }
            ObjectOperation::Delete(key) => {
                bucket.objects.remove(&key);
                Ok(ObjectAnswer::Done(204))
            }
        }
    }

    fn create_bucket(&mut self, name: String) -> Result<ObjectAnswer, ApiError> {
        if self.buckets.contains_key(&name) {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(ApiError::new(409, "BucketAlreadyOwnedByYou", message));
        }
        self.buckets.insert(name, Bucket::of(ACCOUNT_ID.to_owned()));
        Ok(ObjectAnswer::Done(200))
    }
}

impl Bucket {
    /// An empty one.
    pub(super) const fn of(owner: String) -> Self {
        Self {
            owner,
            objects: BTreeMap::new(),
        }
    }

    fn check(&self, key: &str, condition: &Condition) -> Result<(), ApiError> {
        let stored = self.objects.get(key);
        match (condition, stored) {
            (Condition::None, _) | (Condition::Absent, None) => Ok(()),
            (Condition::Unchanged(_), None) => Err(no_key()),
            (Condition::Unchanged(etag), Some(stored)) if stored.etag == *etag => Ok(()),
            (Condition::Absent | Condition::Unchanged(_), Some(_)) => Err(ApiError::new(
                412,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
            )),
        }
    }

    fn list(&self, prefix: &str, after: &str, max_keys: usize) -> ObjectAnswer {
        let room = max_keys.min(MOST_KEYS);
        let matching = |key: &&String| key.starts_with(prefix) && key.as_str() > after;
        let mut found = self.objects.iter().filter(|(key, _)| matching(key));
        let objects: Vec<(String, Object)> = found
            .by_ref()
            .take(room)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        let next = found.next().and(objects.last()).map(|(key, _)| key.clone());
        ObjectAnswer::Listed { objects, next }
    }
}

fn no_bucket() -> ApiError {
    ApiError::new(404, "NoSuchBucket", "The specified bucket does not exist")
}

fn no_key() -> ApiError {
    ApiError::new(404, "NoSuchKey", "The specified key does not exist.")
}

fn etag(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    let mut text = String::with_capacity(34);
    text.push('"');
    for byte in digest {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::scenario::tests::scenario;

    fn account() -> Account {
        let mut account = Account::new(scenario(""), 0.0);
        call(&mut account, ObjectOperation::CreateBucket).unwrap();
        account
    }

    fn call(account: &mut Account, operation: ObjectOperation) -> Result<ObjectAnswer, ApiError> {
        let bucket = "data".to_owned();
        let call = ObjectCall {
            bucket,
            expected_owner: None,
            operation,
        };
        account.s3(call, 7.0)
    }

    fn put(
        account: &mut Account,
        key: &str,
        text: &str,
        condition: Condition,
    ) -> Result<ObjectAnswer, ApiError> {
        let operation = ObjectOperation::Put {
            key: key.to_owned(),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            content_type: "text/plain".to_owned(),
            condition,
        };
        call(account, operation)
    }

    fn code(answer: Result<ObjectAnswer, ApiError>) -> &'static str {
        answer.unwrap_err().code
    }

    #[test]
    fn an_entity_tag_is_the_md5_in_quotes() {
        // RFC 1321, A.5.
        assert_eq!(etag(b"abc"), "\"900150983cd24fb0d6963f7d28e17f72\"");
    }

    #[test]
    fn of_two_first_writers_one_wins_and_a_stale_one_loses() {
        let mut account = account();
        let ObjectAnswer::Stored(first) = put(&mut account, "k", "1", Condition::Absent).unwrap()
        else {
            panic!("no entity tag")
        };
        assert_eq!(
            code(put(&mut account, "k", "2", Condition::Absent)),
            "PreconditionFailed"
        );
        let unchanged = Condition::Unchanged(first);
        put(&mut account, "k", "3", unchanged.clone()).unwrap();
        assert_eq!(
            code(put(&mut account, "k", "4", unchanged.clone())),
            "PreconditionFailed"
        );
        assert_eq!(code(put(&mut account, "gone", "5", unchanged)), "NoSuchKey");
        let ObjectAnswer::Object(object) =
            call(&mut account, ObjectOperation::Get("k".to_owned())).unwrap()
        else {
            panic!("no object")
        };
        assert_eq!((object.bytes.as_ref(), object.written_at), (&b"3"[..], 7.0));
    }

    #[test]
    fn what_is_deleted_or_was_never_there_is_missed_by_name() {
        let mut account = account();
        put(&mut account, "k", "1", Condition::None).unwrap();
        let delete = ObjectOperation::Delete("k".to_owned());
        assert_eq!(
            call(&mut account, delete.clone()).unwrap(),
            ObjectAnswer::Done(204)
        );
        assert_eq!(call(&mut account, delete).unwrap(), ObjectAnswer::Done(204));
        assert_eq!(
            code(call(&mut account, ObjectOperation::Head("k".to_owned()))),
            "NoSuchKey"
        );
        let elsewhere = ObjectCall {
            bucket: "other".to_owned(),
            expected_owner: None,
            operation: ObjectOperation::HeadBucket,
        };
        assert_eq!(code(account.s3(elsewhere, 0.0)), "NoSuchBucket");
        assert_eq!(
            code(call(&mut account, ObjectOperation::CreateBucket)),
            "BucketAlreadyOwnedByYou"
        );
    }

    #[test]
    fn a_bucket_of_another_account_than_expected_is_denied() {
        let mut account = account();
        let mut head = |owner: Option<&str>| {
            let call = ObjectCall {
                bucket: "data".to_owned(),
                expected_owner: owner.map(str::to_owned),
                operation: ObjectOperation::HeadBucket,
            };
            account.s3(call, 0.0)
        };
        assert_eq!(head(None), Ok(ObjectAnswer::Done(200)));
        assert_eq!(head(Some(ACCOUNT_ID)), Ok(ObjectAnswer::Done(200)));
        assert_eq!(code(head(Some("111122223333"))), "AccessDenied");
    }

    #[test]
    fn keys_are_listed_by_prefix_a_page_at_a_time() {
        let mut account = account();
        for key in ["a/1", "a/2", "a/3", "b"] {
            put(&mut account, key, key, Condition::None).unwrap();
        }
        let mut page = |after: &str| {
            let operation = ObjectOperation::List {
                prefix: "a/".to_owned(),
                after: after.to_owned(),
                max_keys: 2,
            };
            let ObjectAnswer::Listed { objects, next } = call(&mut account, operation).unwrap()
            else {
                panic!("no list")
            };
            let keys: Vec<String> = objects.into_iter().map(|(key, _)| key).collect();
            (keys.join(" "), next)
        };
        assert_eq!(page(""), ("a/1 a/2".to_owned(), Some("a/2".to_owned())));
        assert_eq!(page("a/2"), ("a/3".to_owned(), None));
    }
}
