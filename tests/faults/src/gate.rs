//! Holding up a request until the test has done something else.

use std::{fmt, sync::Arc};

use tokio::sync::Semaphore;

/// Where requests wait. Clones are one gate.
///
/// ```
/// # async fn example(wire: faults::Wire) {
/// let gate = faults::Gate::new();
/// wire.fail("UpdateItem", 1, &faults::Fault::Held(gate.clone()));
/// // … something that updates, in a task of its own
/// gate.reached().await;
/// // … something that comes between
/// gate.open();
/// # }
/// ```
#[derive(Clone)]
pub struct Gate(Arc<Doors>);

struct Doors {
    /// A permit for each request that has come.
    arrived: Semaphore,
    /// Without permits until it is closed: then all pass.
    closed: Semaphore,
}

impl Gate {
    /// A gate that is shut.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default gate would say nothing of being shut")]
    pub fn new() -> Self {
        Self(Arc::new(Doors { arrived: Semaphore::new(0), closed: Semaphore::new(0) }))
    }

    /// Waits until a request has come that no earlier call has waited for.
    pub async fn reached(&self) {
        // The semaphore is never closed.
        if let Ok(permit) = self.0.arrived.acquire().await {
            permit.forget();
        }
    }

    /// Lets pass what waits and what will come.
    pub fn open(&self) {
        self.0.closed.close();
    }

    /// Waits as a request.
    pub(crate) async fn pass(&self) {
        self.0.arrived.add_permits(1);
        // An error is what is waited for: the gate is open.
        let _ = self.0.closed.acquire().await;
    }
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}
