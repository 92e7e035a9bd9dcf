//! The routes: which there are, and which of them are switched off.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::database::within;
use super::{Actor, Desk};
use crate::admin::protocol::{Disabled, Done, RouteLine};
use crate::admin::route_detail;
use crate::app::contracts;
use crate::contract::{Route, Snapshot};
use crate::db::pool::Pool;
use crate::db::store::route_state;
use crate::error::{Code, Error, Result};
use crate::suggest::nearest;

/// The routes that are switched off.
#[derive(Debug, Default)]
pub(super) struct Switches {
    off: Mutex<HashMap<String, Disabled>>,
    changing: tokio::sync::Mutex<()>,
}

impl Switches {
    fn put(&self, off: HashMap<String, Disabled>) {
        *self.off.lock().unwrap_or_else(PoisonError::into_inner) = off;
    }

    fn get(&self) -> HashMap<String, Disabled> {
        self.off.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Desk {
    /// Reads which routes are switched off, and lets the service know. To be called before it answers.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn load_switches(&self) -> Result<()> {
        // One who switches meanwhile would be undone by what was read before.
        let _one = self.switches.changing.lock().await;
        let off = self.stored().await?;
        self.put_in_force(off);
        Ok(())
    }

    fn put_in_force(&self, off: HashMap<String, Disabled>) {
        if let Some(live) = &self.live {
            live.context.set_disabled(off.keys().cloned().collect::<HashSet<_>>());
        }
        self.switches.put(off);
    }

    async fn stored(&self) -> Result<HashMap<String, Disabled>> {
        let all = self
            .door
            .stored(|pool| async move { route_state::all(&pool).await })
            .await?;
        let disabled = |off: route_state::Off| (off.route, Disabled { at: off.at, by: off.by });
        Ok(all.into_iter().map(disabled).collect())
    }

    /// The contracts in force; without a service those that one would begin with.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        if let Some(live) = &self.live {
            return Ok(Arc::clone(&live.context.published.load().snapshot));
        }
        let database = self.door.database()?;
        let (snapshot, _wrong) = within(contracts::snapshot(&self.project, &database)).await?;
        Ok(Arc::new(snapshot))
    }

    pub(super) async fn routes(&self) -> Result<Vec<RouteLine>> {
        let snapshot = self.snapshot().await?;
        let off = self.switched_off().await;
        Ok(snapshot.routes.iter().map(|route| self.line(route, &off)).collect())
    }

    /// Which are off; without a service as far as the database tells.
    pub(super) async fn switched_off(&self) -> HashMap<String, Disabled> {
        if self.live.is_some() {
            return self.switches.get();
        }
        // Before the first migration the table is not there.
        self.stored().await.unwrap_or_default()
    }

    pub(super) fn line(&self, route: &Route, off: &HashMap<String, Disabled>) -> RouteLine {
        RouteLine {
            disabled: off.get(&route.name).cloned(),
            figures: self
                .live
                .as_ref()
                .map(|live| live.context.telemetry.figures(&route.name).unwrap_or_default()),
            ..route_detail::line(route)
        }
    }

    /// Switches a route off, or on again.
    pub(super) async fn switch(&self, name: &str, on: bool, actor: &Actor) -> Result<Done> {
        let _one = self.switches.changing.lock().await;
        let changed = if on {
            // Also one that is no route any more.
            let enable = |pool: Pool| async move { route_state::enable(&pool, name).await };
            self.door.stored(enable).await?
        } else {
            named(&*self.snapshot().await?, name)?;
            let by = actor.user.as_str();
            let disable = |pool: Pool| async move { route_state::disable(&pool, name, by).await };
            self.door.stored(disable).await?
        };
        // From what is known to be stored: nothing is half done if the database goes away now.
        let mut off = self.switches.get();
        if on {
            off.remove(name);
        } else {
            off.entry(name.to_owned()).or_insert_with(|| Disabled {
                at: jiff::Timestamp::now().to_string(),
                by: actor.user.clone(),
            });
        }
        self.put_in_force(off);
        Ok(Done {
            message: match (on, changed) {
                (true, true) => format!("{name} answers again"),
                (true, false) => format!("{name} was not switched off"),
                (false, true) => format!("{name} answers 503 from now on"),
                (false, false) => format!("{name} was switched off already"),
            },
            details: Vec::new(),
            warning: false,
        })
    }
}

/// The route of that name.
pub(super) fn named<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Route> {
    snapshot.routes.iter().find(|route| route.name == name).ok_or_else(|| {
        let error = Error::new(Code::RouteNotFound, format!("there is no route `{name}`"));
        let near = nearest(name, snapshot.routes.iter().map(|route| route.name.as_str()));
        error.with_hint(match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`windlass routes` lists them; the name is method and path, such as `GET /api/leads`.".to_owned(),
        })
    })
}
