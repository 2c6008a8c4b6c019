//! How the instances of a job coordinate: small objects in S3, each written once.
//!
//! `shares-00000.json` is what the leader wants done; `done-00000-1.json` is what helper 1 has
//! measured of it. The last of the former is `null`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::aws::{Objects, S3Folder};
use crate::benchmark::{Helper, Helpers, Share, ShareDone};
use crate::error::{Error, JobError, UsageError};

/// How often an object is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The objects of one job.
#[derive(Debug)]
pub(crate) struct Exchange {
    objects: Objects,
    folder: S3Folder,
    helpers: u32,
    next: AtomicU32,
}

impl Exchange {
    /// In a folder of S3 that nothing else uses.
    pub(crate) const fn new(objects: Objects, folder: S3Folder, helpers: u32) -> Self {
        Self {
            objects,
            folder,
            helpers,
            next: AtomicU32::new(0),
        }
    }

    async fn put<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| JobError::Unwritable {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        let key = self.folder.key(name);
        let put = self.objects.put(&self.folder.bucket, &key, bytes, None);
        // One that is there already is our own, whose answer was lost.
        put.await
            .map(|_| ())
            .map_err(|source| self.failed(name, source))
    }

    async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let key = self.folder.key(name);
        let found = self.objects.get(&self.folder.bucket, &key).await;
        let Some(object) = found.map_err(|source| self.failed(name, source))? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&object.bytes);
        value.map(Some).map_err(|error| {
            UsageError::JobInput {
                path: self.folder.join(name).to_string().into(),
                reason: error.to_string(),
            }
            .into()
        })
    }

    fn failed(&self, name: &str, source: crate::aws::AwsError) -> Error {
        JobError::Object {
            address: self.folder.join(name).to_string(),
            source,
        }
        .into()
    }

    /// The leader has nothing more to do, for any reason.
    pub(crate) async fn end(&self) -> Result<(), Error> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        self.put(&shares_name(number), &None::<Vec<Share>>).await
    }

    async fn lead(
        &self,
        shares: Vec<Share>,
        leader_done: BoxFuture<'_, Duration>,
    ) -> Result<Vec<ShareDone>, String> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let name = shares_name(number);
        let put = self.put(&name, &Some(&shares)).await;
        put.map_err(|error| error.one_line())?;
        let patience = leader_done.await;
        let since = Instant::now();
        let mut done = Vec::new();
        for share in shares {
            let name = done_name(number, share.helper);
            done.push(loop {
                let found = self.get(&name).await.map_err(|error| error.one_line())?;
                if let Some(found) = found {
                    break found;
                }
                if since.elapsed() >= patience {
                    return Err(format!(
                        "instance {} of the job has not answered within {} s",
                        share.helper + 1,
                        patience.as_secs()
                    ));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            });
        }
        Ok(done)
    }

    /// Carries out the shares of one helper until the leader is done.
    pub(crate) async fn help(
        self: std::sync::Arc<Self>,
        number: u32,
        helper: std::sync::Arc<Helper>,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        let mut tasks = JoinSet::new();
        let mut round = 0;
        while !cancel.is_cancelled() {
            let Some(shares) = self.get::<Option<Vec<Share>>>(&shares_name(round)).await? else {
                let pause = tokio::time::sleep(LOOK_EVERY);
                // A signal ends the pause.
                let _ = cancel.run_until_cancelled(pause).await;
                continue;
            };
            let Some(shares) = shares else {
                break;
            };
            if let Some(share) = shares.into_iter().find(|it| it.helper == number) {
                let (this, helper) = (self.clone(), helper.clone());
                tasks.spawn(async move {
                    match helper.carry_out(&share).await {
                        Some(done) => this.put(&done_name(round, number), &done).await,
                        None => Ok(()),
                    }
                });
            }
            round += 1;
        }
        if cancel.is_cancelled() {
            return Ok(());
        }
        tasks.join_all().await.into_iter().collect()
    }
}

impl Helpers for Exchange {
    fn count(&self) -> u32 {
        self.helpers
    }

    fn carry_out<'a>(
        &'a self,
        shares: Vec<Share>,
        leader_done: BoxFuture<'a, Duration>,
    ) -> BoxFuture<'a, Result<Vec<ShareDone>, String>> {
        self.lead(shares, leader_done).boxed()
    }
}

fn shares_name(number: u32) -> String {
    format!("shares-{number:05}.json")
}

fn done_name(number: u32, helper: u32) -> String {
    format!("done-{number:05}-{helper}.json")
}
