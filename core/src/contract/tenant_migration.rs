//! The migration that gives a table's rows to tenants.

use std::fmt::Write;

use super::tenant::{ident, quoted, setting, with_column};
use crate::catalog::{Catalog, ForeignKey, Relation, RelationKind};
use crate::error::{Code, Error, Result};

/// What is wanted of it.
#[derive(Debug, Clone)]
pub struct TenantWanted {
    /// Tables, with their schema if that is not `public`.
    pub tables: Vec<String>,
    /// The column with the tenant.
    pub column: String,
    /// Its type, where it is made.
    pub sql_type: String,
    /// Whose the rows are that are there.
    pub existing: Option<String>,
}

/// The way there, and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantMigration {
    /// `up.sql`
    pub up: String,
    /// `down.sql`
    pub down: String,
}

/// Writes `windlass tenant enable`'s migration: column, keys, references, row-level security and policy.
///
/// # Errors
/// `project_invalid` for what is no table; `act_refused` where other tables refer to one whose rows would have no tenant.
pub fn tenant_migration(wanted: &TenantWanted, catalog: &Catalog) -> Result<TenantMigration> {
    let mut tables = Vec::new();
    for name in &wanted.tables {
        let found = super::derive::find(name, catalog)
            .map_err(|(message, help)| Error::new(Code::ProjectInvalid, message).with_hint(help))?;
        if found.kind != RelationKind::Table {
            let message = format!("`{}` is no table: only a table keeps tenants apart", found.name);
            return Err(Error::new(Code::ProjectInvalid, message));
        }
        if !tables.iter().any(|known: &&Relation| known.name == found.name) {
            tables.push(found);
        }
    }
    let making = Making {
        wanted,
        catalog,
        tables,
    };
    making.referrers()?;
    Ok(TenantMigration {
        up: making.up(),
        down: making.down(),
    })
}

struct Making<'a> {
    wanted: &'a TenantWanted,
    catalog: &'a Catalog,
    tables: Vec<&'a Relation>,
}

impl<'a> Making<'a> {
    fn has_tenant(&self, relation: &Relation) -> bool {
        relation.column(&self.wanted.column).is_some() || self.tables.iter().any(|table| table.name == relation.name)
    }

    /// References to keys that change.
    fn references(&self) -> impl Iterator<Item = (&'a Relation, &'a ForeignKey)> {
        let all = self.catalog.relations.values();
        let all = all.flat_map(|relation| relation.foreign_keys.iter().map(move |foreign| (relation, foreign)));
        all.filter(|(_, foreign)| {
            let changes = self.tables.iter().any(|table| table.name == foreign.target);
            changes && !foreign.target_columns.contains(&self.wanted.column)
        })
    }

    /// Whoever refers to a row of a tenant must be of that tenant, too.
    fn referrers(&self) -> Result<()> {
        let mut strange: Vec<String> = self
            .references()
            .filter(|(relation, _)| !self.has_tenant(relation))
            .map(|(relation, _)| relation.name.to_string())
            .collect();
        strange.dedup();
        if strange.is_empty() {
            return Ok(());
        }
        let all = [self.wanted.tables.as_slice(), strange.as_slice()].concat();
        Err(Error::new(
            Code::ActRefused,
            format!(
                "{} would refer to rows of tenants without having one",
                strange.join(" and ")
            ),
        )
        .with_hint(format!(
            "Enable them together: `windlass tenant enable {}`.",
            all.join(" ")
        )))
    }

    fn up(&self) -> String {
        let mut sql = String::from("-- Rows belong to tenants: Postgres itself keeps these apart, whoever asks.\n");
        let column = ident(&self.wanted.column);
        for table in &self.tables {
            let name = quoted(&table.name);
            let known = table.column(&self.wanted.column);
            let sql_type = known.map_or(self.wanted.sql_type.as_str(), |known| known.pg_type.sql.as_str());
            sql.push('\n');
            if known.is_none() {
                let _ = writeln!(sql, "alter table {name} add column {column} {sql_type};");
            }
            match &self.wanted.existing {
                Some(tenant) => {
                    let tenant = tenant.replace('\'', "''");
                    let _ = writeln!(sql, "update {name} set {column} = '{tenant}' where {column} is null;");
                }
                None => sql.push_str(
                    "-- Rows that are there need a tenant first: `update … set … = …` here, or this fails.\n",
                ),
            }
            let _ = writeln!(
                sql,
                "alter table {name} alter column {column} set not null, alter column {column} set default {};",
                setting(sql_type)
            );
        }
        sql.push_str("\n-- Keys begin with the tenant, so that none learns of another's values; references follow.\n");
        for (relation, foreign) in self.references() {
            let _ = writeln!(
                sql,
                "alter table {} drop constraint {};",
                quoted(&relation.name),
                ident(&foreign.name)
            );
        }
        for table in &self.tables {
            for key in table
                .unique_keys
                .iter()
                .filter(|key| key.leading.as_ref() != Some(&self.wanted.column))
            {
                let _ = writeln!(sql, "{}", super::tenant::rekey(table, key, &self.wanted.column));
            }
        }
        for (relation, foreign) in self.references() {
            let _ = writeln!(
                sql,
                "alter table {} add constraint {} {};",
                quoted(&relation.name),
                ident(&foreign.name),
                composite(foreign, &column)
            );
        }
        sql.push_str("\n-- The owner is bound as well: a migration that changes rows sets windlass.tenant first.\n");
        for table in &self.tables {
            let name = quoted(&table.name);
            let known = table.column(&self.wanted.column);
            let sql_type = known.map_or(self.wanted.sql_type.as_str(), |known| known.pg_type.sql.as_str());
            let _ = writeln!(sql, "alter table {name} enable row level security;");
            let _ = writeln!(sql, "alter table {name} force row level security;");
            let _ = writeln!(
                sql,
                "create policy {} on {name} using ({column} = {});",
                policy(table),
                setting(sql_type)
            );
        }
        sql
    }

    fn down(&self) -> String {
        let mut sql =
            String::from("-- Rows belong to nobody again: everybody who may read the table sees all of them.\n\n");
        let column = ident(&self.wanted.column);
        for table in &self.tables {
            let name = quoted(&table.name);
            let _ = writeln!(sql, "drop policy {} on {name};", policy(table));
            let _ = writeln!(sql, "alter table {name} no force row level security;");
            let _ = writeln!(sql, "alter table {name} disable row level security;");
        }
        for (relation, foreign) in self.references() {
            let _ = writeln!(
                sql,
                "alter table {} drop constraint {};",
                quoted(&relation.name),
                ident(&foreign.name)
            );
        }
        for table in &self.tables {
            let name = quoted(&table.name);
            for key in table
                .unique_keys
                .iter()
                .filter(|key| key.leading.as_ref() != Some(&self.wanted.column))
            {
                let key_name = ident(&key.name);
                let _ = if key.constraint {
                    let definition = &key.definition;
                    writeln!(
                        sql,
                        "alter table {name} drop constraint {key_name}, add constraint {key_name} {definition};"
                    )
                } else {
                    writeln!(
                        sql,
                        "drop index {}.{key_name}; {};",
                        ident(&table.name.schema),
                        key.definition
                    )
                };
            }
            if table.column(&self.wanted.column).is_none() {
                let _ = writeln!(sql, "alter table {name} drop column {column};");
            } else {
                let _ = writeln!(sql, "alter table {name} alter column {column} drop default;");
            }
        }
        for (relation, foreign) in self.references() {
            let _ = writeln!(
                sql,
                "alter table {} add constraint {} {};",
                quoted(&relation.name),
                ident(&foreign.name),
                foreign.definition
            );
        }
        sql
    }
}

fn policy(table: &Relation) -> String {
    ident(&format!("{}_tenant", table.name.name))
}

/// `FOREIGN KEY (a) REFERENCES t(b) ON DELETE SET NULL` with the tenant on both sides, which stays when the rest becomes null.
fn composite(foreign: &ForeignKey, column: &str) -> String {
    let definition = &foreign.definition;
    let Some((own, target)) = definition.split_once(" REFERENCES ") else {
        return definition.clone();
    };
    let own = if foreign.columns.iter().any(|known| ident(known) == column) {
        own.to_owned()
    } else {
        with_column(own, column)
    };
    let rest: Vec<String> = foreign
        .columns
        .iter()
        .map(|name| ident(name))
        .filter(|name| name != column)
        .collect();
    let mut target = with_column(target, column);
    for action in ["ON DELETE SET NULL", "ON DELETE SET DEFAULT"] {
        if !target.contains(&format!("{action} (")) {
            target = target.replace(action, &format!("{action} ({})", rest.join(", ")));
        }
    }
    format!("{own} REFERENCES {target}")
}
