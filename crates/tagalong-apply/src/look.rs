//! How objects of an inventory stand now, for somebody who asks why. Reads, and writes nothing.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::error::ApplyError;
use crate::health::{self, Health, State};
use crate::inventory::Entry;
use crate::stage::AT_ONCE;

/// One object as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The object.
    pub entry: Entry,
    /// How far it is.
    pub health: Health,
    /// Each of its conditions as `type=status reason: message`, in its own order.
    pub conditions: Vec<String>,
}

impl Cluster {
    /// Looks at objects, in their order. One that may not be read is an error of its own.
    pub async fn look_at(&self, entries: &[Entry]) -> Vec<Result<Look, ApplyError>> {
        let looks: Vec<_> = entries.iter().map(|entry| self.look_at_one(entry)).collect();
        stream::iter(looks).buffered(AT_ONCE).collect().await
    }

    async fn look_at_one(&self, entry: &Entry) -> Result<Look, ApplyError> {
        let served = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
        let live = match served {
            Some(served) => self.get(&served, &entry.id).await?,
            None => None,
        };
        Ok(match &live {
            Some(live) => Look {
                entry: entry.clone(),
                health: self.rules.health(live, Timestamp::now()),
                conditions: health::conditions(live),
            },
            None => Look {
                entry: entry.clone(),
                health: Health::new(State::NotFound, "it is not in the cluster"),
                conditions: Vec::new(),
            },
        })
    }
}
