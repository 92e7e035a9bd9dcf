//! How the service and its database are, at a glance; answered whatever is down.

use super::Desk;
use crate::admin::protocol::{DatabaseState, ServiceState, Status};
use crate::admin::socket::WINDLASS;
use crate::db::cluster::ClusterState;
use crate::db::connect;
use crate::db::inspect::{self, Overview};
use crate::error::{Error, Result};

impl Desk {
    pub(super) async fn status(&self) -> Status {
        let overview = self.door.state(|client| Box::pin(inspect::overview(client))).await;
        let database = self.database_state(&overview);
        let live = self.live.as_ref();
        let service = match live {
            None => ServiceState::Down,
            Some(live) if live.context.is_stopping() => ServiceState::Stopping,
            Some(_) => ServiceState::Running,
        };
        Status {
            windlass: WINDLASS.to_owned(),
            title: self.project.settings.title.clone(),
            directory: self.project.directory.display().to_string(),
            service,
            pid: live.map(|_| std::process::id()),
            started_at: live.map(|_| self.started.as_second()),
            listens: live.map(|live| live.listens.clone()).unwrap_or_default(),
            lanes: self.lanes(),
            checks: Vec::new(),
            samples: live.map(|live| live.context.telemetry.samples()).unwrap_or_default(),
            database,
        }
    }

    fn database_state(&self, overview: &Result<Overview>) -> DatabaseState {
        let database = self.door.database().ok();
        let cluster = self.live.as_ref().and_then(|live| live.cluster.as_ref());
        let cluster = cluster.map(|state| state.borrow().clone());
        let pid = match &cluster {
            Some(ClusterState::Running { pid }) => Some(*pid),
            _ => None,
        };
        let doing = match cluster {
            Some(ClusterState::Starting) => Some("starting".to_owned()),
            Some(ClusterState::Restarting { attempt, reason }) => {
                Some(format!("restarting, attempt {attempt}: {reason}"))
            }
            Some(ClusterState::Stopped) => Some("stopped".to_owned()),
            Some(ClusterState::Running { .. }) | None => None,
        };
        let address = match (&database, &self.project.settings.database.url) {
            (Some(database), _) => connect::address(&database.owner),
            (None, Some(url)) => connect::address(url.reveal()),
            (None, None) => String::new(),
        };
        DatabaseState {
            up: overview.is_ok() && doing.is_none(),
            version: overview
                .as_ref()
                .map(|overview| overview.version.clone())
                .unwrap_or_default(),
            address,
            embedded: self.project.settings.database.url.is_none(),
            pid,
            reason: doing.or_else(|| overview.as_ref().err().map(|error: &Error| error.message().to_owned())),
            bytes: overview.as_ref().ok().and_then(|overview| overview.bytes),
        }
    }
}
