//! What an expert would look at before going home: `examine` asks the database, `judge` says what is wrong and what mends it.

mod judge;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::Client;

use crate::app::{Database, Project, contracts};
use crate::catalog::Relation;
use crate::contract::Resource;
use crate::db::cluster::Role;
use crate::db::inspect::{self, Proof, Subject};
use crate::db::introspect;
use crate::error::Result;

pub use judge::{Facts, judge};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Rows are not protected, or a resource is not served.
    Critical,
    /// It costs time, or protects less than it seems to.
    Warning,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which look found it, in one word for programs: `login_owns_tables`.
    pub check: String,
    /// Where: a role, a schema, a table, an index, or a file with line and column.
    #[serde(rename = "where")]
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// The command or SQL that mends it.
    pub mend: String,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What was tried between tenants.
    pub proofs: Vec<Proof>,
}

/// Looks at a project and its database, as the role that serves. `named` are two tenants with rows, for an outside server
/// on which no role may see the rows of all.
///
/// # Errors
/// If the database cannot be asked.
pub async fn examine(project: &Project, database: &Database, named: &[String]) -> Result<Report> {
    let login = inspect::connect(&database.login).await?;
    let standing = inspect::standing(&login).await?;
    let indexes = inspect::indexes(&login).await?;
    let catalog = introspect::catalog(&login).await?;
    let (contracts, mistakes) = contracts::read(&project.directory, &login).await?;
    // The embedded cluster has somebody who sees the rows of all tenants; elsewhere the owner may.
    let all = match &database.embedded {
        Some((endpoint, _)) => inspect::connect(&endpoint.config(Role::Superuser)).await?,
        None => inspect::connect(&database.owner).await?,
    };
    let mut proofs = Vec::new();
    for resource in &contracts.resources {
        let column = resource.tenant.and_then(|tenant| resource.fields.get(tenant));
        let (Some(column), Some(relation)) = (column, catalog.relations.get(&resource.table)) else {
            continue;
        };
        let claim = &project.settings.auth.rules.tenant_claim;
        proofs.push(prove((&all, &login), resource, relation, &column.name, named, claim).await?);
    }
    let facts = Facts {
        standing: &standing,
        catalog: &catalog,
        indexes: &indexes,
        contracts: &contracts,
        mistakes: &mistakes,
        proofs: &proofs,
    };
    Ok(Report {
        findings: judge(&facts),
        proofs,
    })
}

async fn prove(
    (all, login): (&Client, &Client),
    resource: &Resource,
    relation: &Relation,
    column: &str,
    named: &[String],
    claim: &str,
) -> Result<Proof> {
    let unproved = |why: String| Proof {
        resource: resource.name.clone(),
        table: relation.name.to_string(),
        column: column.to_owned(),
        tenants: None,
        attempts: Vec::new(),
        unproved: Some(why),
    };
    let found = match named {
        [_, _, ..] => named.to_vec(),
        _ => match inspect::tenants(all, relation, column).await {
            Ok(found) => found,
            Err(error) => return Ok(unproved(format!("its tenants cannot be read: {}", error.message()))),
        },
    };
    let [a, b, ..] = found.as_slice() else {
        let why = match found.len() {
            0 => {
                "no tenant's rows are seen in it; with rows of two, name them: `windlass doctor --tenant A --tenant B`"
            }
            _ => "it has the rows of one tenant alone",
        };
        return Ok(unproved(why.to_owned()));
    };
    let subject = Subject {
        resource: &resource.name,
        relation,
        column,
        tenants: (a, b),
        claims: &claims(claim, a),
        other_claims: &claims(claim, b),
    };
    inspect::prove(login, &subject).await
}

/// What a tenant's credentials say: the tenant stands where tokens have it, and where keys do.
fn claims(path: &str, tenant: &str) -> String {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), "windlass doctor".into());
    claims.insert("role".to_owned(), "authenticated".into());
    claims.insert("tenant".to_owned(), tenant.into());
    // An address is a name, not a path.
    let (first, rest) = match path.split_once('.').filter(|_| !path.contains('/')) {
        Some((first, rest)) => (first, rest),
        None => (path, ""),
    };
    let mut value = Value::from(tenant);
    for step in rest.rsplit('.').filter(|step| !step.is_empty()) {
        value = Value::Object(Map::from_iter([(step.to_owned(), value)]));
    }
    claims.insert(first.to_owned(), value);
    Value::Object(claims).to_string()
}

#[cfg(test)]
mod tests {
    use super::claims;

    #[test]
    fn claims_name_the_tenant_where_tokens_do() {
        assert!(claims("tenant", "a").contains(r#""tenant":"a""#));
        assert!(claims("app.org.id", "a").contains(r#""app":{"org":{"id":"a"}}"#));
        assert!(claims("https://x.example/org", "a").contains(r#""https://x.example/org":"a""#));
    }
}
