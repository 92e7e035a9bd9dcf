//! What an expert would look at before going home: `examine` asks the database, `judge` says what is wrong and what mends it.

mod judge;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::Client;

use crate::app::{Database, Project, contracts};
use crate::catalog::{self, Relation};
use crate::contract::Resource;
use crate::db::cluster::Role;
use crate::db::inspect::{self, Attempt, Outcome, Proof, Subject};
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
        let roles = catalog.roles.by_name.iter();
        let roles: Vec<&str> = roles
            .filter(|(name, role)| **role == catalog::Role::Assumable && **name != standing.role)
            .map(|(name, _)| name.as_str())
            .collect();
        let tried = Trial {
            resource,
            relation,
            column: &column.name,
            claim,
            roles,
        };
        proofs.extend(tried.prove(&all, &login, named).await?);
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

/// A resource whose tenants are to be tried.
struct Trial<'a> {
    resource: &'a Resource,
    relation: &'a Relation,
    column: &'a str,
    /// The claim with the tenant.
    claim: &'a str,
    /// Roles that credentials may name.
    roles: Vec<&'a str>,
}

impl Trial<'_> {
    /// Tries it as the serving role and as each role that credentials may name. Those that see nothing at all prove nothing,
    /// and are told of only if none does.
    async fn prove(&self, all: &Client, login: &Client, named: &[String]) -> Result<Vec<Proof>> {
        let found = match named {
            [_, _, ..] => named.to_vec(),
            _ => match inspect::tenants(all, self.relation, self.column).await {
                Ok(found) => found,
                Err(error) => return Ok(self.unproved(format!("its tenants cannot be read: {}", error.message()))),
            },
        };
        let [a, b, ..] = found.as_slice() else {
            let why = match found.len() {
                0 => {
                    "no tenant's rows are seen in it; with rows of two, name them: `windlass doctor --tenant A --tenant B`"
                }
                _ => "it has the rows of one tenant alone",
            };
            return Ok(self.unproved(why.to_owned()));
        };
        let mut proofs = Vec::new();
        for role in std::iter::once(None).chain(self.roles.iter().copied().map(Some)) {
            let subject = Subject {
                resource: &self.resource.name,
                relation: self.relation,
                column: self.column,
                role,
                tenants: (a, b),
                claims: &claims(self.claim, role, a),
                other_claims: &claims(self.claim, role, b),
            };
            proofs.push(inspect::prove(login, &subject).await?);
        }
        let says = |proof: &Proof| {
            let reached = |attempt: &Attempt| attempt.outcome == Outcome::Reached;
            proof.unproved.is_none() || proof.attempts.iter().any(reached)
        };
        if proofs.iter().any(says) {
            proofs.retain(says);
        } else {
            proofs.truncate(1);
        }
        Ok(proofs)
    }

    fn unproved(&self, why: String) -> Vec<Proof> {
        vec![Proof {
            resource: self.resource.name.clone(),
            table: self.relation.name.to_string(),
            column: self.column.to_owned(),
            role: None,
            tenants: None,
            attempts: Vec::new(),
            unproved: Some(why),
        }]
    }
}

/// What a tenant's credentials say: the tenant stands where tokens have it, and where keys do.
fn claims(path: &str, role: Option<&str>, tenant: &str) -> String {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), "windlass doctor".into());
    claims.insert("role".to_owned(), role.unwrap_or("authenticated").into());
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
        assert!(claims("tenant", None, "a").contains(r#""tenant":"a""#));
        assert!(claims("app.org.id", None, "a").contains(r#""app":{"org":{"id":"a"}}"#));
        assert!(claims("https://x.example/org", Some("editor"), "a").contains(r#""https://x.example/org":"a""#));
    }
}
