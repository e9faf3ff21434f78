//! One check on its way.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    operation::transact_get_items::TransactGetItemsError,
    types::{Get, ReturnConsumedCapacity::Total, TransactGetItem},
};
use time::OffsetDateTime;
use tokio::{
    sync::{Mutex, mpsc},
    time::Instant,
};

use super::{
    Check, Event, Outcome, Profile, Summary,
    confirm::Suspect,
    count::Tally,
    entity::tenant,
    finding::Finding,
    link::{Links, Others, key_of},
    subject::Subject,
};
use crate::{
    Consistency, Directory, Error, Scope, Setting, Usage,
    keys::Key,
    table::{Item, Projection},
};

/// Suspicions that wait to be looked at again; the scan waits while there are more.
const WAITING: usize = 4096;
/// How often a call that is throttled beyond the usual is made again.
const PATIENCE: u32 = 10;

/// One check on its way.
pub(super) struct Run<'a> {
    pub(super) directory: &'a Directory,
    pub(super) check: &'a Check,
    pub(super) usage: Usage,
    pub(super) tally: std::sync::Mutex<Tally>,
    interpret: &'a (dyn Fn(Vec<Setting>) -> Profile + Sync),
    report: &'a (dyn Fn(Event) + Sync),
    profiles: Mutex<HashMap<String, Arc<Profile>>>,
    begun: Instant,
    seen: AtomicU64,
    found: AtomicU64,
    mended: AtomicU64,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        directory: &'a Directory,
        check: &'a Check,
        interpret: &'a (dyn Fn(Vec<Setting>) -> Profile + Sync),
        report: &'a (dyn Fn(Event) + Sync),
    ) -> Self {
        Self {
            directory,
            check,
            usage: Usage::default(),
            tally: std::sync::Mutex::default(),
            interpret,
            report,
            profiles: Mutex::default(),
            begun: Instant::now(),
            seen: AtomicU64::new(0),
            found: AtomicU64::new(0),
            mended: AtomicU64::new(0),
        }
    }

    pub(super) async fn run(&self) -> Result<Summary, Error> {
        let (suspects, waiting) = mpsc::channel::<Suspect>(WAITING);
        futures::try_join!(self.scan(suspects), self.confirm(waiting))?;
        self.count().await?;
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Ok(Summary { seen: read(&self.seen), found: read(&self.found), mended: read(&self.mended) })
    }

    /// The time now: the check itself has no clock.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.check.now + self.begun.elapsed()
    }

    pub(super) fn saw(&self, items: usize) {
        let items = items as u64;
        let before = self.seen.fetch_add(items, Ordering::Relaxed);
        (self.report)(Event::Seen(before + items));
    }

    pub(super) fn found(&self, finding: Finding, outcome: Outcome) {
        self.found.fetch_add(1, Ordering::Relaxed);
        if outcome == Outcome::Mended {
            self.mended.fetch_add(1, Ordering::Relaxed);
        }
        (self.report)(Event::Found(finding, outcome));
    }

    /// What a tenant is configured as; read once.
    pub(super) async fn profile(&self, tenant: &str) -> Result<Arc<Profile>, Error> {
        let mut profiles = self.profiles.lock().await;
        if let Some(profile) = profiles.get(tenant) {
            return Ok(Arc::clone(profile));
        }
        let settings = self.directory.configuration(tenant, &self.usage).await?;
        let profile = Arc::new((self.interpret)(settings));
        profiles.insert(tenant.to_owned(), Arc::clone(&profile));
        Ok(profile)
    }

    pub(super) async fn subject(&self, item: Item) -> Result<Subject, Error> {
        let tenant = tenant(&key_of(&item)).to_owned();
        let profile = self.profile(&tenant).await?;
        let mut scope = Scope::new(tenant, "fsck", format!("{:032x}", fastrand::u128(..)));
        scope.policy = profile.policy;
        scope.usage = self.usage.clone();
        Ok(Subject::new(scope, &profile, item))
    }

    /// The linked items that exist, each read strongly, if not all at one moment.
    pub(super) async fn read(&self, links: Links) -> Result<Others, Error> {
        let read =
            |keys, projection| self.directory.items(&self.usage, keys, projection, Consistency::Strong);
        let (whole, bare) =
            futures::try_join!(read(links.whole, Projection::All), read(links.bare, Projection::Bare))?;
        Ok(whole.into_iter().chain(bare).map(|item| (key_of(&item), item)).collect())
    }

    /// An item and its linked items, all at one moment; `None` while a transaction is under way on one of them.
    pub(super) async fn read_at_once(
        &self,
        key: &Key,
        links: &Links,
    ) -> Result<Option<(Option<Item>, Others)>, Error> {
        let get =
            |key: &Key| Get::builder().table_name(&*self.directory.table).set_key(Some(key.attributes()));
        let whole = std::iter::once(key).chain(&links.whole).map(get);
        let bare = links.bare.iter().map(|key| {
            let get = get(key).projection_expression(Projection::BARE);
            Projection::BARE_NAMES
                .iter()
                .fold(get, |get, (short, name)| get.expression_attribute_names(*short, *name))
        });
        let gets = whole.chain(bare).map(|get| {
            let get = get.build().map_err(|error| Error::Unavailable(Box::new(error)))?;
            Ok(TransactGetItem::builder().get(get).build())
        });
        let gets = gets.collect::<Result<Vec<_>, Error>>()?;
        let _under_way = self.usage.call();
        let call = self.directory.client.transact_get_items().set_transact_items(Some(gets));
        let answer = match call.return_consumed_capacity(Total).send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(TransactGetItemsError::is_transaction_canceled_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Error::from_sdk(error)),
        };
        self.usage.read(answer.consumed_capacity());
        let mut items = answer.responses.unwrap_or_default().into_iter().map(|answer| answer.item);
        let item = items.next().flatten();
        Ok(Some((item, items.flatten().map(|item| (key_of(&item), item)).collect())))
    }
}

/// Makes a call of many that a check makes, again where the table is busy: nobody waits for it.
pub(crate) async fn patiently<T>(call: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for attempt in 1..PATIENCE {
        match call().await {
            Err(Error::Busy) => tokio::time::sleep(Duration::from_secs(1) * attempt).await,
            answer => return answer,
        }
    }
    call().await
}
