//! A whole service for one test: a cluster, a project, a server on a free port, and a client.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::oneshot;
use windlass_core::app::{Context, Limits, Published, contracts};
use windlass_core::config::{self, Listen};
use windlass_core::contract::Snapshot;
use windlass_core::db::cluster::{Cluster, ClusterOptions, Role};
use windlass_core::db::lane::{LaneOptions, Lanes};
use windlass_core::db::pool::Pool;
use windlass_core::db::{connect, migrate};
use windlass_core::guards::{ApiKeys, Freshness, Guards, NewKey, Verifier};
use windlass_core::http::Server;
use windlass_core::plan::cursor::Key;

/// A running service.
pub struct App {
    pub cluster: Cluster,
    pub context: Arc<Context>,
    pub guards: Arc<Guards>,
    /// The owner's connections to Windlass's own tables.
    pub stores: Pool,
    pub client: reqwest::Client,
    pub base: String,
    pub address: std::net::SocketAddr,
    pub directory: std::path::PathBuf,
}

/// What a test may change.
pub struct Setup<'a> {
    pub schema: &'a str,
    pub resources: &'a [(&'a str, &'a str)],
    /// SQL routes: name and text.
    pub routes: &'a [(&'a str, &'a str)],
    pub limits: Limits,
    pub lanes: LaneOptions,
    /// What verifies tokens.
    pub tokens: Option<Verifier>,
    /// What else stands in `windlass.toml`.
    pub settings: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            schema: crate::fixture::SCHEMA,
            resources: crate::fixture::RESOURCES,
            routes: &[],
            limits: Limits::default(),
            lanes: LaneOptions {
                shared: 2,
                exclusive: 8,
                wait: Duration::from_secs(1),
                statement_timeout: Duration::from_secs(15),
            },
            tokens: None,
            settings: "",
        }
    }
}

/// Runs a test against a service of its own; the cluster is stopped whatever the test does.
pub fn with_app<F, Fut>(setup: Setup<'_>, test: F)
where
    F: FnOnce(Arc<App>) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::Builder::new()
            .prefix("windlass-it-")
            .tempdir_in("/tmp")
            .unwrap();
        open(folder.path());
        let directory = folder.path().join(".windlass");
        let options = ClusterOptions {
            directory,
            max_connections: 40,
            memory_bytes: Some(512 << 20),
        };
        let cluster = Cluster::start(options).await.unwrap();
        let owner = connect::open(&cluster.endpoint().config(Role::Owner)).await.unwrap();
        owner.batch_execute(setup.schema).await.unwrap();
        migrate::own_tables(&cluster.endpoint().config(Role::Owner))
            .await
            .unwrap();
        std::fs::create_dir(folder.path().join("resources")).unwrap();
        for (name, text) in setup.resources {
            std::fs::write(folder.path().join("resources").join(format!("{name}.toml")), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("routes")).unwrap();
        for (name, text) in setup.routes {
            std::fs::write(folder.path().join("routes").join(format!("{name}.sql")), text).unwrap();
        }
        let config = cluster.endpoint().config(Role::Login);
        let login = connect::open(&config).await.unwrap();
        let (contracts, mistakes) = contracts::read(folder.path(), &login).await.unwrap();
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        let published = Published::new(Snapshot::new("Test".into(), "1".into(), contracts)).unwrap();
        let lanes = Lanes::open(config, &setup.lanes).await.unwrap();
        let context = Arc::new(Context::new(published, lanes, setup.limits, true, Key::new(&[7; 32])));
        let owner = Pool::new(&cluster.endpoint().config(Role::Owner), 2, Duration::from_secs(5));
        let (settings, mistakes) = config::read(setup.settings, &HashMap::new());
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        let guards = Guards::default()
            .with_keys(ApiKeys::new(owner.clone(), Freshness::default()))
            .with_cors(settings.cors)
            .with_headers(settings.headers)
            .with_rate(&settings.rate);
        let guards = Arc::new(match setup.tokens {
            Some(tokens) => guards.with_tokens(tokens),
            None => guards,
        });
        let server = Server::bind(&[Listen::Tcp("127.0.0.1:0".parse().unwrap())])
            .await
            .unwrap();
        let Some(Listen::Tcp(address)) = server.addresses().first().cloned() else {
            panic!("no address")
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(Arc::clone(&context), Arc::clone(&guards), async { _ = stopped.await }));
        let app = Arc::new(App {
            cluster,
            context,
            guards,
            stores: owner,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("http://{address}"),
            address,
            directory: folder.path().to_owned(),
        });
        let outcome = AssertUnwindSafe(test(Arc::clone(&app))).catch_unwind().await;
        stop.send(()).unwrap();
        _ = tokio::time::timeout(Duration::from_secs(40), serving).await.unwrap();
        let app = Arc::into_inner(app);
        if let Some(app) = app {
            app.cluster.stop().await.unwrap();
        }
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

/// The cluster may run as another user, who must reach it.
fn open(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl App {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        Answer::of(
            self.request(method, path)
                .header("content-type", "application/json")
                .body(body.to_owned()),
        )
        .await
    }

    /// A new API key with these scopes.
    pub async fn key(&self, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.key_of(NewKey {
            scopes,
            ..NewKey::default()
        })
        .await
    }

    /// A new API key.
    pub async fn key_of(&self, new: NewKey) -> String {
        let new = NewKey {
            name: "test".into(),
            created_by: "a test".into(),
            ..new
        };
        windlass_core::guards::mint(&self.stores, new).await.unwrap().0
    }

    /// Sends a request with a key or token.
    pub async fn send_as(&self, credential: &str, method: Method, path: &str, body: &str) -> Answer {
        let request = self.request(method, path).bearer_auth(credential);
        Answer::of(if body.is_empty() {
            request
        } else {
            request.header("content-type", "application/json").body(body.to_owned())
        })
        .await
    }

    pub async fn get_as(&self, credential: &str, path: &str) -> Answer {
        self.send_as(credential, Method::GET, path, "").await
    }

    /// A connection of the owner, to look behind the API.
    pub async fn owner(&self) -> tokio_postgres::Client {
        connect::open(&self.cluster.endpoint().config(Role::Owner))
            .await
            .unwrap()
    }
}

/// A reply, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    pub async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `type` and `loc` of each violation, joined.
    pub fn violations(&self) -> Vec<String> {
        let json = self.json();
        let of = |error: &serde_json::Value| {
            let loc: Vec<String> = error["loc"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s.to_string().replace('"', ""))
                .collect();
            format!("{} {}", error["type"].as_str().unwrap(), loc.join("."))
        };
        json["errors"]
            .as_array()
            .map(|errors| errors.iter().map(of).collect())
            .unwrap_or_default()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}
