//! Opens connections.
use crate::error::{Code, Error, Result};
/// stub
pub async fn open(config: &tokio_postgres::Config) -> Result<tokio_postgres::Client> {
    let (client, connection) = config
        .connect(tokio_postgres::NoTls)
        .await
        .map_err(|e| Error::new(Code::DatabaseRefused, "x").with_source(e))?;
    tokio::spawn(async move {
        _ = connection.await;
    });
    Ok(client)
}
