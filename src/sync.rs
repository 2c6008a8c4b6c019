//! Locks that outlive a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also after a thread has panicked while it held it: what is behind it is a count
/// or a list, whole after each step.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_panic_under_the_lock_does_not_close_it() {
        let shared = Arc::new(Mutex::new(1));
        let held = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            *lock(&held) += 1;
            let _guard = lock(&held);
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert_eq!(*lock(&shared), 2);
    }
}
