//! The workers of one endpoint: containers, free or busy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::{Server, ServerSpec};
use crate::simulator::account::{Deploy, HostedCall};

/// The workers of one endpoint.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) call: HostedCall,
    /// What each container is like.
    pub(super) template: ServerSpec,
    max: usize,
    /// The first so many are kept however long they idle.
    provisioned: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    workers: Vec<Worker>,
    closed: bool,
}

#[derive(Debug)]
struct Worker {
    server: Option<Arc<Server>>,
    busy: bool,
    last_used: Instant,
}

/// A worker that answers a call. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    pub(super) number: usize,
    /// Its container; `None` while it has none.
    pub(super) server: Option<Arc<Server>>,
}

impl Pool {
    pub(super) fn new(deploy: &Deploy, template: ServerSpec) -> Self {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            call: super::call_of(deploy),
            template,
            max: whole(deploy.max_concurrency),
            provisioned: whole(deploy.provisioned),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a free worker.
    pub(super) fn add(&self, server: Arc<Server>) {
        self.state().workers.push(Worker {
            server: Some(server),
            busy: false,
            last_used: Instant::now(),
        });
    }

    /// A free worker, one with a container first; `None` when all are busy.
    pub(super) fn take(self: &Arc<Self>) -> Option<Lease> {
        let mut state = self.state();
        let free = |worker: &Worker| !worker.busy;
        let warm = |worker: &Worker| free(worker) && worker.server.is_some();
        let workers = state.workers.iter();
        let number = workers.clone().position(warm);
        let number = number.or_else(|| workers.clone().position(free));
        let number = match number {
            Some(number) => number,
            None if state.workers.len() < self.max && !state.closed => {
                state.workers.push(Worker {
                    server: None,
                    busy: false,
                    last_used: Instant::now(),
                });
                state.workers.len() - 1
            }
            None => return None,
        };
        let worker = state.workers.get_mut(number)?;
        worker.busy = true;
        let server = worker.server.clone();
        drop(state);
        Some(Lease {
            pool: Arc::clone(self),
            number,
            server,
        })
    }

    /// The containers that run.
    pub(super) fn servers(&self) -> Vec<Arc<Server>> {
        let state = self.state();
        let servers = state.workers.iter().filter_map(|it| it.server.clone());
        servers.collect()
    }

    /// Takes out the containers that nobody has used for so long.
    pub(super) fn take_idle(&self, idle: Duration) -> Vec<Arc<Server>> {
        let mut state = self.state();
        let workers = state.workers.iter_mut().skip(self.provisioned);
        let idling = workers.filter(|it| !it.busy && it.last_used.elapsed() > idle);
        idling.filter_map(|it| it.server.take()).collect()
    }

    /// Takes no call any more; its containers are the caller's to stop.
    pub(super) fn close(&self) -> Vec<Arc<Server>> {
        let mut state = self.state();
        state.closed = true;
        let workers = state.workers.iter_mut();
        workers.filter_map(|it| it.server.take()).collect()
    }
}

impl Lease {
    /// Gives the worker its container; gives it back when the endpoint is being deleted.
    pub(super) fn adopt(&mut self, server: Arc<Server>) -> Result<(), Arc<Server>> {
        let mut state = self.pool.state();
        let closed = state.closed;
        match state.workers.get_mut(self.number).filter(|_| !closed) {
            Some(worker) => {
                worker.server = Some(Arc::clone(&server));
                self.server = Some(server);
                Ok(())
            }
            None => Err(server),
        }
    }

    /// The container is not to be used again: it is the caller's to stop, unless the endpoint is
    /// being deleted.
    pub(super) fn discard(&mut self) -> Option<Arc<Server>> {
        self.server = None;
        let mut state = self.pool.state();
        state.workers.get_mut(self.number)?.server.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        if let Some(worker) = state.workers.get_mut(self.number) {
            worker.busy = false;
            worker.last_used = Instant::now();
        }
    }
}
