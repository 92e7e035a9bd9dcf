//! Resources whose rows belong to tenants: whether the database really keeps these apart.

use super::overlay::Overlay;
use super::source::Source;
use super::{Field, Grant, Verb};
use crate::catalog::{Catalog, Command, Policy, QualifiedName, Relation, RelationKind, UniqueKey};
use crate::suggest;

/// The field with the tenant. What makes the table unsafe is a mistake, with the SQL that mends it.
pub(super) fn derive(
    overlay: &Overlay,
    relation: &Relation,
    catalog: &Catalog,
    fields: &mut [Field],
    source: &mut Source<'_>,
) -> Option<usize> {
    let written = overlay.tenant.as_ref()?;
    let mut found = Checking {
        column: written.get_ref(),
        relation,
        mistakes: Vec::new(),
    };
    if found.column(overlay) {
        found.security(catalog);
        found.policies(overlay);
        found.keys();
    }
    for (message, help) in std::mem::take(&mut found.mistakes) {
        source.mistake(written.span(), message, Some(help));
    }
    public(overlay, source);
    let index = fields.iter().position(|field| field.name == *written.get_ref())?;
    let field = fields.get_mut(index)?;
    // It comes from whoever asks: a body need not say it.
    field.optional = true;
    field.has_default = true;
    field
        .description
        .get_or_insert_with(|| "Whose row it is; filled from the credentials.".to_owned());
    Some(index)
}

/// Nobody's credentials have no tenant.
fn public(overlay: &Overlay, source: &mut Source<'_>) {
    for (_, grants) in &overlay.access {
        if grants.get_ref().contains(&Grant::Public) {
            let message = "rows of tenants are not `public`: who sends no credentials has no tenant";
            let help = "write `authenticated`, or a scope or role".to_owned();
            source.mistake(grants.span(), message, Some(help));
        }
    }
}

struct Checking<'a> {
    column: &'a str,
    relation: &'a Relation,
    mistakes: Vec<(String, String)>,
}

impl Checking<'_> {
    fn wrong(&mut self, message: String, help: String) {
        self.mistakes.push((message, help));
    }

    fn table(&self) -> String {
        quoted(&self.relation.name)
    }

    /// Gives whether there is such a column in a table, so that there is more to look at.
    fn column(&mut self, overlay: &Overlay) -> bool {
        let table = &self.relation.name;
        if self.relation.kind != RelationKind::Table {
            self.wrong(
                format!("`{table}` is no table: only a table keeps tenants apart"),
                "take `[tenant]` out; a view with `security_invoker` shows what its tables show".to_owned(),
            );
            return false;
        }
        let Some(column) = self.relation.column(self.column) else {
            let columns = self.relation.columns.iter().map(|column| column.name.as_str());
            let help = suggest::help(self.column, columns).unwrap_or_default();
            self.wrong(format!("`{table}` has no column `{}`", self.column), help);
            return false;
        };
        if column.nullable {
            let sql = format!(
                "alter table {} alter column {} set not null;",
                self.table(),
                ident(self.column)
            );
            self.wrong(
                format!("`{}` may be null: such rows belong to nobody", self.column),
                sql,
            );
        }
        if column.generated || column.identity.is_some() || !column.updatable {
            self.wrong(
                format!(
                    "`{}` is set by the database: it cannot be filled from credentials",
                    self.column
                ),
                "name a plain column".to_owned(),
            );
        }
        if overlay.hidden.iter().any(|hidden| hidden.get_ref() == self.column) {
            self.wrong(
                format!("`{}` is hidden, but rows are written with it", self.column),
                "take it out of `hidden`: it shows nobody more than his own tenant".to_owned(),
            );
        }
        true
    }

    fn security(&mut self, catalog: &Catalog) {
        if catalog.roles.unbound {
            self.wrong(
                "the role that serves is bound by no policy: it would see the rows of every tenant".to_owned(),
                "serve as a role without SUPERUSER and BYPASSRLS that owns no table".to_owned(),
            );
        }
        if let Some((message, sql)) = unsecured(self.relation) {
            self.wrong(message, sql);
        }
    }

    /// Every verb that is open needs policies that let rows of the tenant in, and no others.
    fn policies(&mut self, overlay: &Overlay) {
        for (verb, _) in &overlay.access {
            let (command, word) = match verb {
                Verb::Read => (Command::Select, "read"),
                Verb::Create => (Command::Insert, "create"),
                Verb::Update => (Command::Update, "update"),
                Verb::Delete => (Command::Delete, "delete"),
            };
            let about = |policy: &&Policy| policy.command == command || policy.command == Command::All;
            let policies: Vec<&Policy> = self.relation.security.policies.iter().filter(about).collect();
            let bound = |policy: &&Policy| self.is_bound(policy, command);
            let restricted = policies.iter().any(|policy| !policy.permissive && bound(policy));
            let permissive: Vec<&Policy> = policies.into_iter().filter(|policy| policy.permissive).collect();
            if permissive.is_empty() {
                let sql = self.policy();
                self.wrong(format!("no policy of `{}` is for `{word}`", self.relation.name), sql);
                continue;
            }
            if let Some(open) = permissive.iter().find(|policy| !restricted && !bound(policy)) {
                let message = format!(
                    "the policy `{}` of `{}` lets rows of every tenant in for `{word}`: it does not compare `{}` with who asks",
                    open.name, self.relation.name, self.column
                );
                let sql = format!(
                    "drop policy {} on {}; {}",
                    ident(&open.name),
                    self.table(),
                    self.policy()
                );
                self.wrong(message, sql);
            }
        }
    }

    /// Whether a policy compares the column with something that a function or setting says.
    fn is_bound(&self, policy: &Policy, command: Command) -> bool {
        let compares = |expression: &String| names(expression, self.column) && calls(expression);
        let (using, check) = (policy.using.as_ref(), policy.check.as_ref().or(policy.using.as_ref()));
        match command {
            Command::Insert => check.is_some_and(compares),
            Command::Update => using.is_some_and(compares) && check.is_some_and(compares),
            Command::All | Command::Select | Command::Delete => using.is_some_and(compares),
        }
    }

    fn keys(&mut self) {
        for key in &self.relation.unique_keys {
            if key.leading.as_deref() == Some(self.column) {
                continue;
            }
            let message = format!(
                "the unique key `{}` of `{}` does not begin with `{}`: one tenant would learn of another's values",
                key.name, self.relation.name, self.column
            );
            self.mistakes.push((message, rekey(self.relation, key, self.column)));
        }
    }

    fn policy(&self) -> String {
        let sql_type = self
            .relation
            .column(self.column)
            .map_or("text", |column| column.pg_type.sql.as_str());
        let name = ident(&format!("{}_tenant", self.relation.name.name));
        let column = ident(self.column);
        format!(
            "create policy {name} on {} using ({column} = {});",
            self.table(),
            setting(sql_type)
        )
    }
}

/// What is wrong with a table's row-level security as a whole, and the SQL that mends it; none if it binds everybody.
#[must_use]
pub fn unsecured(relation: &Relation) -> Option<(String, String)> {
    let (name, table, security) = (&relation.name, quoted(&relation.name), &relation.security);
    let force = format!("alter table {table} force row level security;");
    match (security.enabled, security.forced) {
        (true, true) => None,
        (true, false) => Some((
            format!("`{name}` does not force row-level security: its owner sees the rows of every tenant"),
            force,
        )),
        (false, forced) => {
            let enable = format!("alter table {table} enable row level security;");
            Some((
                format!("`{name}` has no row-level security: everybody sees the rows of every tenant"),
                if forced { enable } else { format!("{enable} {force}") },
            ))
        }
    }
}

/// Makes a unique key anew, with the tenant's column in front.
pub(super) fn rekey(relation: &Relation, key: &UniqueKey, column: &str) -> String {
    let (table, name, column_name) = (quoted(&relation.name), ident(&key.name), ident(column));
    let definition = if key.columns.iter().any(|known| known == column) {
        // It is there, but not in front.
        let rest = key
            .columns
            .iter()
            .filter(|known| *known != column)
            .map(|known| ident(known));
        let columns: Vec<String> = std::iter::once(column_name).chain(rest).collect();
        let (before, after) = key.definition.split_once('(').unwrap_or_default();
        let after = after.split_once(')').map_or("", |(_, after)| after);
        format!("{before}({}){after}", columns.join(", "))
    } else {
        with_column(&key.definition, &column_name)
    };
    if key.constraint {
        format!("alter table {table} drop constraint {name}, add constraint {name} {definition};")
    } else {
        format!("drop index {}.{name}; {definition};", ident(&relation.name.schema))
    }
}

/// A definition with a column in front of its first list.
pub(super) fn with_column(definition: &str, column: &str) -> String {
    definition.replacen('(', &format!("({column}, "), 1)
}

/// The tenant of who asks, in SQL, as a value of a type.
pub(super) fn setting(sql_type: &str) -> String {
    let text = "nullif(current_setting('windlass.tenant', true), '')";
    if sql_type == "text" {
        text.to_owned()
    } else {
        format!("{text}::{sql_type}")
    }
}

/// A name in SQL.
#[must_use]
pub fn ident(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A name in SQL with its schema.
#[must_use]
pub fn quoted(name: &QualifiedName) -> String {
    format!("{}.{}", ident(&name.schema), ident(&name.name))
}

/// Whether an expression names a column.
fn names(expression: &str, column: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    expression.match_indices(column).any(|(at, _)| {
        let before = expression.get(..at).and_then(|text| text.chars().next_back());
        let after = expression.get(at + column.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// Whether an expression calls something: a setting is read by a function, too.
fn calls(expression: &str) -> bool {
    expression.match_indices('(').any(|(at, _)| {
        let before = expression.get(..at).and_then(|text| text.chars().next_back());
        before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '"'))
    })
}
