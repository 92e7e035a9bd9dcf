//! `POST …/nearest`: the rows nearest to a vector, or to a stored row.

use std::sync::Arc;

use salvo::Request;
use salvo::http::StatusCode;

use super::{cost, stream};
use crate::contract::Verb;
use crate::error::{Code, Error, Result, Violation};
use crate::http::forms;
use crate::http::router::Search;
use crate::http::{Refusal, Reply, body, routes};
use crate::plan::{self, View, policy};
use crate::request::Accept;
use crate::request::{json, query};
use crate::sql;
use crate::telemetry::stages::Stage;
use crate::validate::nearest::{self as check, Near, Sought};

pub(in crate::http) async fn answer(search: Search<'_>, request: &mut Request) -> Result<Reply, Refusal> {
    let Search {
        context,
        resource,
        snapshot,
        principal,
        accept,
        raw_query,
        watch,
    } = search;
    policy::allow(resource, Verb::Read, &principal)?;
    let bytes = body::json(request, &context.limits).await?;
    watch.enter(Stage::Validate);
    let body = json::parse(&bytes).map_err(Error::from)?;
    let sought = check::sought(resource, &body)?;
    // In one text, so that what the body says is read, and counted, as what the query string says.
    let query = query::parse(&format!("{raw_query}{}", sought.query))?;
    let view = View {
        snapshot,
        principal: &principal,
    };
    let vector = match &sought.near {
        Near::Vector(vector) => vector.clone(),
        Near::Row(key) => {
            watch.enter(Stage::Db);
            let mut statement = sql::read::statement(&plan::nearest::stored(resource, sought.field, key, &view)?)?;
            let reply = if sql::session::matters(resource, &principal) {
                sql::session::enter(&mut statement, resource, &principal);
                let (context, resource) = (Arc::clone(context), Arc::clone(resource));
                routes::waited(
                    move |gone| async move { context.lanes.list(&statement, &resource, u64::MAX, gone).await },
                )
                .await
            } else {
                context.lanes.point(&statement, resource).await
            };
            let reply = routes::lane(watch, reply)?;
            watch.enter(Stage::Validate);
            vector_of(resource, &sought, &reply.json)?
        }
    };
    watch.enter(Stage::Plan);
    let read = plan::nearest::plan(resource, &sought, vector, query, &view)?;
    watch.enter(Stage::Sql);
    let mut statement = sql::read::statement(&read)?;
    sql::session::enter(&mut statement, resource, &principal);
    watch.enter(Stage::Db);
    let asked = plan::cost::Asked {
        resource,
        reach: read.reach(),
    };
    cost::guard(context, watch, &principal, asked, std::slice::from_ref(&statement)).await?;
    if matches!(accept, Accept::Lines | Accept::Csv) {
        return stream::rows(context, watch, accept, &read, statement).await;
    }
    let (context, resource) = (Arc::clone(context), Arc::clone(resource));
    let most = resource.page.max_bytes.unwrap_or(u64::MAX).min(context.limits.reply);
    let rows =
        routes::waited(move |gone| async move { context.lanes.list(&statement, &resource, most, gone).await }).await;
    let mut rows = routes::lane(watch, rows)?;
    let body = match accept {
        Accept::Object if rows.rows != 1 => {
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title())
                .with_details(format!("the result has {} rows", rows.rows))
                .into());
        }
        _ => forms::body(accept, accept == Accept::Object, "", &mut rows),
    };
    Ok(Reply::new(StatusCode::OK).body(accept.media_type(), body))
}

/// The vector of the row that others are to be near to, from its reply.
fn vector_of(resource: &crate::contract::Resource, sought: &Sought, reply: &str) -> Result<String> {
    let refused = |msg: &str| {
        Error::invalid(vec![Violation {
            kind: "value_error".into(),
            loc: vec!["body".into(), "like".into()],
            msg: msg.to_owned(),
            input: None,
            ctx: None,
        }])
    };
    if reply.is_empty() {
        return Err(refused("there is no row with this key"));
    }
    let json::Json::Object(entries) = json::parse(reply.as_bytes())? else {
        return Err(Error::internal("a row is no object"));
    };
    let field = resource.fields.get(sought.field);
    let (Some(field), Some((_, vector))) = (field, entries.first()) else {
        return Err(Error::internal("a row without its vector"));
    };
    if *vector == json::Json::Null {
        return Err(refused("the row with this key has no vector"));
    }
    check::target(field, sought.metric, vector, &["body", "like"]).map_err(Error::invalid)
}
