//! A clock around `send()`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use aws_sdk_sagemakerruntime::Client;
use aws_sdk_sagemakerruntime::primitives::Blob;
use tokio::task::JoinSet;

use super::{Work, deploy, sdk_config};
use crate::pairing::{Call, Measured};
use crate::server::Simulator;

/// One task of the clients.
#[derive(Clone)]
struct Loop {
    client: Client,
    endpoint: String,
    bytes: usize,
    calls: u32,
    next: Arc<AtomicU32>,
    zero: Instant,
}

pub(super) fn measure(simulator: &Simulator, work: &Work) -> Measured {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = sdk_config(simulator).await;
        let all = Loop {
            client: Client::new(&config),
            endpoint: deploy(&config, work.clients).await,
            bytes: work.bytes,
            calls: work.calls,
            next: Arc::default(),
            zero: Instant::now(),
        };
        let mut tasks = JoinSet::new();
        for number in 0..work.clients {
            tasks.spawn(all.clone().run(number));
        }
        Measured {
            calls: tasks.join_all().await.into_iter().flatten().collect(),
            endpoint: all.endpoint,
        }
    })
}

impl Loop {
    /// One call that is set aside, then all that remain to send.
    async fn run(self, number: u32) -> Vec<Call> {
        self.call(format!("warmup-{number}")).await;
        let mut timed = Vec::new();
        loop {
            let call = self.next.fetch_add(1, Ordering::Relaxed);
            if call >= self.calls {
                return timed;
            }
            timed.push(self.call(format!("call-{call}")).await);
        }
    }

    async fn call(&self, id: String) -> Call {
        let body = Blob::new(vec![b'x'; self.bytes]);
        let began = Instant::now();
        let call = self.client.invoke_endpoint().endpoint_name(&self.endpoint);
        let call = call.content_type("text/plain").inference_id(&id).body(body);
        call.send().await.unwrap();
        let took = began.elapsed();
        Call {
            id,
            start_ms: (began - self.zero).as_secs_f64() * 1000.0,
            latency_ms: took.as_secs_f64() * 1000.0,
        }
    }
}
