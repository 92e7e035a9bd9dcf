//! The typed side's pool: diesel-async connections, held by bb8.

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod};
use futures_util::FutureExt;
use tokio_postgres::Config;

use super::connect;
use crate::error::{Code, Error, Result};

type Bb8 = bb8::Pool<AsyncDieselConnectionManager<AsyncPgConnection>>;
/// A connection taken from the pool; it goes back when dropped.
pub type Pooled<'a> = bb8::PooledConnection<'a, AsyncDieselConnectionManager<AsyncPgConnection>>;

/// Connections for stores.
#[derive(Debug, Clone)]
pub struct Pool(Bb8);

impl Pool {
    /// A pool of at most `size` connections, made when they are needed; `wait` bounds the wait for one.
    #[must_use]
    pub fn new(config: &Config, size: u32, wait: Duration) -> Self {
        let config = config.clone();
        let mut manager = ManagerConfig::default();
        // A check on each checkout would cost a round trip; a broken connection says so by itself (`has_broken`).
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let config = config.clone();
            async move {
                let client = connect::open(&config)
                    .await
                    .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
                AsyncPgConnection::try_from(client).await
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(String::new(), manager);
        Self(
            bb8::Pool::builder()
                .max_size(size)
                .min_idle(0)
                .connection_timeout(wait)
                .max_lifetime(Duration::from_mins(30))
                .idle_timeout(Duration::from_mins(5))
                .test_on_check_out(false)
                .retry_connection(true)
                .error_sink(Box::new(Log))
                .build_unchecked(manager),
        )
    }

    /// Takes a connection.
    ///
    /// # Errors
    /// [`Code::PoolTimeout`] if none came free in time, [`Code::DatabaseUnavailable`] if none can be made.
    pub async fn get(&self) -> Result<Pooled<'_>> {
        self.0.get().await.map_err(|error| match error {
            bb8::RunError::TimedOut => Error::new(Code::PoolTimeout, Code::PoolTimeout.title()).with_retry_after(1),
            bb8::RunError::User(error) => Error::new(Code::DatabaseUnavailable, error.to_string())
                .with_retry_after(1)
                .with_source(error),
        })
    }
}

/// Connections that cannot be made are told to the log: nobody may be waiting for them.
#[derive(Debug, Clone, Copy)]
struct Log;

impl bb8::ErrorSink<PoolError> for Log {
    fn sink(&self, error: PoolError) {
        tracing::warn!("a pooled database connection failed: {error}");
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<PoolError>> {
        Box::new(*self)
    }
}
