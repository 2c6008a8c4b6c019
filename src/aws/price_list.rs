//! AWS's public price list, downloaded: no credentials, no region, no SDK client.

use std::io::{self, BufReader, Read};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::network::{Network, NetworkError, Servers};
use crate::prices::{PriceError, regional_offer, regional_price_file};
use crate::text::one_line;

/// Where AWS publishes its price lists.
const AWS: &str = "https://pricing.us-east-1.amazonaws.com";
const INDEX: &str = "/offers/v1.0/aws/AmazonSageMaker/current/region_index.json";
/// Longest time for the index and the region's file together.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest file that is read, bytes: four times a region's.
const MAX_BYTES: u64 = 16 << 20;
/// Chunks that may wait for the reader.
const CHUNKS_AHEAD: usize = 4;

/// AWS's price list, or a mirror of it.
#[derive(Debug)]
pub struct PriceList {
    /// Without a slash at the end.
    base: String,
    connector: SharedHttpConnector,
}

/// Why a price list could not be downloaded.
#[derive(Debug, Error)]
pub enum PriceListError {
    /// The connection cannot be set up.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What was downloaded cannot be used.
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// There was no complete answer.
    #[error("price list `{url}`: {reason}")]
    NotDownloaded {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
}

impl PriceListError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Network(error) => error.hint(),
            Self::Prices(error) => error.hint(),
            Self::NotDownloaded { .. } => Some(
                "set SAGEGATE_PRICE_LIST_URL to a mirror or HTTPS_PROXY to a proxy, or make a price file elsewhere \
                 with `sagegate prices` and pass it with --prices FILE"
                    .to_owned(),
            ),
        }
    }
}

impl PriceList {
    /// AWS's own, or the mirror at `base`.
    ///
    /// # Errors
    /// [`PriceListError::Network`].
    pub fn at(base: Option<&str>, network: &Network) -> Result<Self, PriceListError> {
        Ok(Self {
            base: base.unwrap_or(AWS).trim_end_matches('/').to_owned(),
            connector: network.connector(Servers::Aws)?,
        })
    }

    /// A price file with the newest prices of a region.
    ///
    /// # Errors
    /// [`PriceListError`].
    pub async fn price_file(&self, region: &str) -> Result<String, PriceListError> {
        let download = tokio::time::timeout(TIMEOUT, self.download(region));
        let late = |_| PriceListError::NotDownloaded {
            url: self.url(INDEX),
            reason: format!("no complete answer within {} s", TIMEOUT.as_secs()),
        };
        download.await.map_err(late)?
    }

    async fn download(&self, region: &str) -> Result<String, PriceListError> {
        let (code, url) = (region.to_owned(), self.url(INDEX));
        let path = self
            .read(INDEX, move |index| regional_offer(index, &url, &code))
            .await?;
        let (code, url) = (region.to_owned(), self.url(&path));
        self.read(&path, move |offer| regional_price_file(offer, &url, &code))
            .await
    }

    fn url(&self, path: &str) -> String {
        one_line(&format!("{}{path}", self.base))
    }

    /// Parses a file while it arrives.
    async fn read<T: Send + 'static>(
        &self,
        path: &str,
        parse: impl FnOnce(BufReader<Chunks>) -> Result<T, PriceError> + Send + 'static,
    ) -> Result<T, PriceListError> {
        let failed = |reason: String| PriceListError::NotDownloaded {
            url: self.url(path),
            reason,
        };
        let mut body = self.get(path).await.map_err(failed)?;
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let chunks = BufReader::new(Chunks {
            receiver,
            chunk: io::Cursor::default(),
        });
        let parsing = tokio::task::spawn_blocking(move || parse(chunks));
        let mut bytes = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| failed(in_words(&error)))?;
            bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if bytes > MAX_BYTES {
                return Err(failed(format!("larger than {} MiB", MAX_BYTES >> 20)));
            }
            // The reader is gone when it has found a mistake.
            if sender.send(chunk.to_vec()).await.is_err() {
                break;
            }
        }
        drop(sender);
        let parsed = parsing.await.map_err(|error| failed(error.to_string()))?;
        Ok(parsed?)
    }

    async fn get(&self, path: &str) -> Result<ByteStream, String> {
        let url = self.url(path);
        let request = HttpRequest::get(url).map_err(|error| in_words(&error))?;
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| in_words(&error))?;
        match answer.status().as_u16() {
            200 => Ok(ByteStream::new(answer.into_body())),
            status => Err(format!("HTTP status {status}")),
        }
    }
}

/// An error with its causes, none of them twice.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    one_line(&words)
}

/// Chunks that arrive, as the parser reads them. Their sender is gone at the end.
struct Chunks {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: io::Cursor<Vec<u8>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.chunk = io::Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
}
