//! A baseline in an object of S3, by conditional writes.

use super::shared::{Versioned, VersionedStore};
use super::{BaselineError, BaselineServiceError, UnusableBaseline};
use crate::aws::{Access, AccountId, AwsError, Objects, Written, is_bucket_name};

/// An object that holds nothing but the baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAddress {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

impl ObjectAddress {
    /// Reads `//BUCKET/KEY`, what follows `s3:`; `None` when a name breaks S3's rules.
    ///
    /// Source: S3 User Guide, "Naming Amazon S3 objects".
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (bucket, key) = text.strip_prefix("//")?.split_once('/')?;
        let is_key = (1..=1024).contains(&key.len())
            && !key.ends_with('/')
            && !key.starts_with('/')
            && !key.chars().any(char::is_control);
        (is_bucket_name(bucket) && is_key).then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// Prints `s3://BUCKET/KEY`.
impl std::fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An object, and as whom it is asked for.
#[derive(Debug)]
pub struct ObjectPlace {
    pub(super) address: ObjectAddress,
    pub(super) access: Access,
    /// The account that the bucket must belong to; `None` for that of the credentials.
    pub(super) owner: Option<AccountId>,
}

/// An object, with a client for it.
struct ObjectStore {
    address: ObjectAddress,
    objects: Objects,
}

impl ObjectStore {
    async fn connect(place: &ObjectPlace) -> Result<Self, BaselineError> {
        let address = place.address.clone();
        let objects = Objects::connect(None, &place.access, place.owner.clone()).await;
        match objects {
            Ok(objects) => Ok(Self { address, objects }),
            Err(source) => Err(UnusableBaseline::NoObjects { address, source }.into()),
        }
    }

    fn failed(&self, source: AwsError) -> BaselineError {
        BaselineServiceError::Objects {
            address: self.address.clone(),
            source,
        }
        .into()
    }
}

impl VersionedStore for ObjectStore {
    fn name(&self) -> String {
        self.address.to_string()
    }

    /// The version is the entity tag.
    async fn read(&self) -> Result<Option<Versioned>, BaselineError> {
        let ObjectAddress { bucket, key } = &self.address;
        let found = self.objects.get(bucket, key).await;
        let found = found.map_err(|source| self.failed(source))?;
        Ok(found.map(|found| Versioned {
            text: String::from_utf8_lossy(&found.bytes).into_owned(),
            version: found.etag,
        }))
    }

    async fn write(&self, text: String, version: Option<&str>) -> Result<bool, BaselineError> {
        let ObjectAddress { bucket, key } = &self.address;
        let written = self.objects.put(bucket, key, text.into_bytes(), version);
        match written.await.map_err(|source| self.failed(source))? {
            Written::Yes => Ok(true),
            Written::Conflict => Ok(false),
        }
    }
}

pub(super) async fn load(
    place: &ObjectPlace,
) -> Result<Option<crate::gate::BaselineFile>, BaselineError> {
    super::shared::load(&ObjectStore::connect(place).await?).await
}

pub(super) async fn update(
    place: &ObjectPlace,
    change: impl FnMut(&mut crate::gate::BaselineFile) -> Result<(), crate::gate::BaselineFileError>,
) -> Result<(), BaselineError> {
    super::shared::update(&ObjectStore::connect(place).await?, change).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_s3_refuses_are_refused_before_anything_is_sent() {
        let good = ObjectAddress::parse("//my-models.eu/churn/baseline.json").unwrap();
        assert_eq!(
            (good.bucket.as_str(), good.key.as_str()),
            ("my-models.eu", "churn/baseline.json")
        );
        let long = "k".repeat(1025);
        for bad in [
            "",
            "//",
            "//bucket",
            "//bucket/",
            "//ab/k",
            "//Bucket/k",
            "//a..b/k",
            "//-ab/k",
            "//ab-/k",
            "//b_t/k",
            "/bucket/k",
            "//bucket//k",
            "//bucket/folder/",
            "//bucket/a\nb",
            &format!("//bucket/{long}"),
        ] {
            assert_eq!(ObjectAddress::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_address_round_trips(bucket in "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", key in "[a-z0-9]([ -~]{0,60}[a-z0-9])?") {
            let address = ObjectAddress::parse(&format!("//{bucket}/{key}")).unwrap();
            prop_assert_eq!(address.to_string(), format!("s3://{bucket}/{key}"));
        }
    }
}
