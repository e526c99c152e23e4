//! How objects of an inventory stand now, for somebody who asks why. Reads, and writes nothing.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;

use serde_json::Value;

use crate::below::Below;
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
    /// What is below it, where it is not healthy.
    pub below: Below,
}

/// How many objects that are not healthy are looked below.
const DEEP: usize = 10;

impl Cluster {
    /// Looks at objects, in their order, and below the first ten that are not healthy. One that may not be read is an
    /// error of its own.
    pub async fn look_at(&self, entries: &[Entry]) -> Vec<Result<Look, ApplyError>> {
        let looks: Vec<_> = entries.iter().map(|entry| self.look_at_one(entry)).collect();
        let mut looks = stream::iter(looks).buffered(AT_ONCE);
        let (mut seen, mut deep) = (Vec::new(), 0);
        while let Some(look) = looks.next().await {
            seen.push(match look {
                Ok((mut look, Some(live))) if deep < DEEP => {
                    deep += 1;
                    look.below = self.below(&live).await;
                    Ok(look)
                }
                Ok((look, _)) => Ok(look),
                Err(failure) => Err(failure),
            });
        }
        seen
    }

    /// The object, and as it stands where it is there and not healthy.
    async fn look_at_one(&self, entry: &Entry) -> Result<(Look, Option<Value>), ApplyError> {
        let served = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
        let live = match served {
            Some(served) => self.get(&served, &entry.id).await?,
            None => None,
        };
        let look =
            |health, conditions| Look { entry: entry.clone(), health, conditions, below: Below::default() };
        let Some(live) = live else {
            return Ok((look(Health::new(State::NotFound, "it is not in the cluster"), Vec::new()), None));
        };
        let look = look(self.rules.health(&live, Timestamp::now()), health::conditions(&live));
        let is_well = look.health.state == State::Current;
        Ok((look, (!is_well).then_some(live)))
    }
}
