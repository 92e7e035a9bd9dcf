//! From the functions of a name and an overlay to a [`Function`].

use std::collections::HashMap;
use std::sync::Arc;

use toml::Spanned;

use super::derive::{foreign, page};
use super::function::{CALLED, Function, Outcome, Overload, Whole};
use super::overlay::{FieldOverlay, Overlay};
use super::source::Source;
use super::{Access, Cost, Field, FieldRules, Grant, JsonForm, Nearest, PageLimits, Resource};
use super::{default_value, narrow, path};
use crate::catalog::{self, Catalog, Kind, PgType, QualifiedName, RelationKind, Returned};
use crate::suggest;

/// How the mistake of a missing function begins.
pub const NO_FUNCTION: &str = "there is no function";
/// Keys that say something of tables alone.
const OF_TABLES: &[&str] = &[
    "path",
    "key",
    "hidden",
    "computed",
    "max_batch",
    "cost",
    "tenant",
    "nearest",
    "fields",
    "rules",
];

/// Derives the function `name`; `None` when there is a mistake, which `source` then knows. `resources` are those of the
/// project's tables.
pub(super) fn derive(
    name: &str,
    overlay: &Overlay,
    catalog: &Catalog,
    resources: &[&Arc<Resource>],
    source: &mut Source<'_>,
) -> Option<Function> {
    path::check_name(name, source);
    if let Some(table) = &overlay.table {
        let help = "take one of them out: a file exposes a table or a function".to_owned();
        source.mistake(table.span(), "both `table` and `function` are named", Some(help));
    }
    foreign(overlay, OF_TABLES, "tables", source);
    for (_, grants) in &overlay.access {
        let help = "a function has `call` alone".to_owned();
        source.mistake(
            grants.span(),
            "`read`, `create`, `update` and `delete` are for tables",
            Some(help),
        );
    }
    let written = overlay.function.as_ref()?;
    let call = match &overlay.call {
        Some(call) => call.get_ref().clone(),
        None => {
            let help = "add `[access]` with `call = [\"public\"]`, or another grant".to_owned();
            source.mistake(written.span(), "nobody may call this function", Some(help));
            Vec::new()
        }
    };
    let page = page(overlay, source);
    let overloads = match find(written.get_ref(), catalog) {
        Ok(overloads) => overloads,
        Err((message, help)) => {
            source.mistake(written.span(), message, Some(help));
            return None;
        }
    };
    let mut deriving = Deriving {
        name,
        overlay,
        catalog,
        resources,
        call: &call,
        page,
        at: written,
        source,
    };
    deriving.names(overloads);
    let derived: Vec<Arc<Overload>> = overloads
        .iter()
        .filter_map(|function| deriving.overload(function))
        .map(Arc::new)
        .collect();
    let function = overloads.first()?;
    (!source.has_mistakes()).then(|| Function {
        name: name.to_owned(),
        path: format!("/api/rpc/{name}"),
        file: source.file().to_owned(),
        function: function.name.clone(),
        description: overlay
            .description
            .clone()
            .or_else(|| overloads.iter().find_map(|function| function.comment.clone())),
        call,
        page,
        overloads: derived,
    })
}

/// The functions called `text`, with or without its schema; else what is wrong, and what to do.
pub(super) fn find<'c>(text: &str, catalog: &'c Catalog) -> Result<&'c [catalog::Function], (String, String)> {
    let wanted = match text.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => QualifiedName::new("public", text),
    };
    // A name with a dot of its own is found by its spelling.
    let spelled = || catalog.functions.iter().find(|(name, _)| name.to_string() == text);
    if let Some(functions) = catalog
        .functions
        .get(&wanted)
        .or_else(|| spelled().map(|(_, functions)| functions))
    {
        return Ok(functions);
    }
    let names: Vec<String> = catalog.functions.keys().map(ToString::to_string).collect();
    let elsewhere = catalog.functions.keys().find(|other| other.name == wanted.name);
    let help = match elsewhere {
        Some(other) => Some(format!("did you mean `{other}`?")),
        None => suggest::help(&wanted.to_string(), names.iter().map(String::as_str)),
    };
    let help = help.unwrap_or_else(|| "a migration can create it; those of extensions are not served".to_owned());
    Err((format!("{NO_FUNCTION} `{wanted}`"), help))
}

struct Deriving<'d, 's, 'a> {
    name: &'d str,
    overlay: &'d Overlay,
    catalog: &'d Catalog,
    resources: &'d [&'d Arc<Resource>],
    call: &'d [Grant],
    page: PageLimits,
    at: &'d Spanned<String>,
    source: &'s mut Source<'a>,
}

impl Deriving<'_, '_, '_> {
    /// Every name under `args` must be an argument's.
    fn names(&mut self, overloads: &[catalog::Function]) {
        for (name, overlay) in &self.overlay.args {
            let arguments = overloads.iter().flat_map(|function| &function.arguments);
            let known = arguments
                .map(|argument| argument.name.as_str())
                .filter(|name| !name.is_empty());
            if !known.clone().any(|known| known == name.get_ref()) {
                let message = format!("`{}` has no argument `{}`", self.at.get_ref(), name.get_ref());
                let help = suggest::help(name.get_ref(), known);
                self.source.mistake(name.span(), message, help);
            }
            let places = [
                ("read_only", overlay.read_only.as_ref().map(Spanned::span)),
                ("schema", overlay.schema.as_ref().map(Spanned::span)),
            ];
            for (key, place) in places {
                if let Some(place) = place {
                    self.source.mistake(place, format!("arguments have no `{key}`"), None);
                }
            }
        }
    }

    /// Notes that one of the functions cannot be served.
    fn unfit(&mut self, function: &catalog::Function, reason: &str, help: &str) {
        let message = format!("`{}({})` {reason}", function.name, function.signature);
        self.source.mistake(self.at.span(), message, Some(help.to_owned()));
    }

    fn overload(&mut self, function: &catalog::Function) -> Option<Overload> {
        let whole = whole(function);
        let mut fields = Vec::with_capacity(function.arguments.len());
        for (place, argument) in function.arguments.iter().enumerate() {
            let number = place + 1;
            if argument.pseudo {
                let reason = format!("takes a `{}`, which a request cannot hold", argument.pg_type.sql);
                self.unfit(function, &reason, "give the argument a type of its own in a migration");
            } else if argument.name.is_empty() && whole.is_none() {
                let reason = format!("has no name for argument {number}");
                let help = "arguments are given by name: name it in a migration; one `json`, `jsonb`, `text` or `bytea` \
                            alone may go without";
                self.unfit(function, &reason, help);
            } else {
                fields.push(self.argument(argument));
            }
        }
        let (outcome, rows, rows_of) = self.outcome(function)?;
        let names: Vec<String> = function.arguments.iter().map(told).collect();
        Some(Overload {
            signature: format!("{}({})", self.name, names.join(", ")),
            description: function.comment.clone(),
            arguments: Arc::new(self.resource(fields)),
            variadic: function.arguments.iter().position(|argument| argument.variadic),
            whole,
            reads: function.reads,
            outcome,
            rows: Arc::new(rows),
            rows_of,
        })
    }

    fn argument(&mut self, argument: &catalog::Argument) -> Field {
        let mut rules = narrow::from_type(&argument.pg_type);
        narrow::tidy(&mut rules);
        let nothing = FieldOverlay::default();
        let written = self
            .overlay
            .args
            .iter()
            .find(|(name, _)| *name.get_ref() == argument.name);
        let overlay = written.map_or(&nothing, |(_, overlay)| overlay);
        narrow::field(&argument.name, &argument.pg_type, &mut rules, overlay, self.source);
        let default = argument.default.as_deref();
        Field {
            optional: default.is_some(),
            has_default: default.is_some(),
            default: default.and_then(|sql| default_value::literal(sql, &argument.pg_type.kind)),
            description: overlay.description.clone(),
            example: overlay.example.clone(),
            json: overlay.json.as_ref().map_or(JsonForm::Number, |json| *json.get_ref()),
            rules,
            ..column(&argument.name, &argument.pg_type)
        }
    }

    fn outcome(&mut self, function: &catalog::Function) -> Option<(Outcome, Resource, Option<String>)> {
        let rows = if function.set { Outcome::Rows } else { Outcome::Row };
        let value = if function.set { Outcome::Values } else { Outcome::Value };
        let fields = |columns: &[(String, PgType)]| columns.iter().map(|(name, t)| column(name, t)).collect();
        Some(match &function.returns {
            Returned::Nothing => (Outcome::Nothing, self.resource(Vec::new()), None),
            Returned::Value(pg_type) => (value, self.resource(vec![column(self.name, pg_type)]), None),
            Returned::Columns(columns) => (rows, self.resource(fields(columns)), None),
            Returned::Relation(name) => match self.rows_like(function, name)? {
                Some(known) => (rows, self.rows_of(&known), Some(known.name.clone())),
                None => {
                    let Some(relation) = self.catalog.relations.get(name) else {
                        let reason = format!("returns rows of `{name}`, which the serving role cannot see");
                        self.unfit(function, &reason, "grant it usage on the schema");
                        return None;
                    };
                    let columns: Vec<_> = relation
                        .columns
                        .iter()
                        .map(|c| Field {
                            description: c.comment.clone(),
                            ..column(&c.name, &c.pg_type)
                        })
                        .collect();
                    (rows, self.resource(columns), None)
                }
            },
            Returned::Unknown(name) => {
                let reason = format!("returns `{name}`, whose form is not known before it is called");
                self.unfit(
                    function,
                    &reason,
                    "name its columns with `RETURNS TABLE (…)` in a migration",
                );
                return None;
            }
        })
    }

    /// The resource whose rows a function gives, if one is exposed; of several that show different fields none is meant.
    fn rows_like(&mut self, function: &catalog::Function, table: &QualifiedName) -> Option<Option<Arc<Resource>>> {
        let mut known: Vec<&Arc<Resource>> = self.resources.iter().filter(|r| r.table == *table).copied().collect();
        known.sort_by_key(|resource| resource.fields.len());
        let shown = |resource: &Resource| {
            resource
                .fields
                .iter()
                .map(|field| field.name.clone())
                .collect::<Vec<_>>()
        };
        if known
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if shown(a) != shown(b)))
        {
            let names: Vec<&str> = known.iter().map(|resource| resource.name.as_str()).collect();
            let reason = format!(
                "returns rows of `{table}`, of which {} show different columns",
                names.join(" and ")
            );
            let help = "name its columns with `RETURNS TABLE (…)` in a migration";
            self.unfit(function, &reason, help);
            return None;
        }
        Some(known.first().map(|resource| Arc::clone(resource)))
    }

    /// The rows of an exposed table as a call gives them: what is hidden stays hidden. Their order is the function's own, so
    /// that no key orders them.
    fn rows_of(&self, resource: &Resource) -> Resource {
        Resource {
            access: self.access(),
            path: format!("/api/rpc/{}", self.name),
            page: self.page,
            table: QualifiedName::new("", CALLED),
            key: Vec::new(),
            // No index knows what a function gives.
            cost: Cost::default(),
            indexes: Vec::new(),
            nearest: Nearest::default(),
            // Whose rows a function gives is its own business, and that of the policies.
            tenant: None,
            ..resource.clone()
        }
    }

    fn access(&self) -> Access {
        Access {
            read: Some(self.call.to_vec()),
            ..Access::default()
        }
    }

    /// A resource that is no table's.
    fn resource(&self, fields: Vec<Field>) -> Resource {
        let by_name: HashMap<String, usize> = fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
        Resource {
            name: self.name.to_owned(),
            path: format!("/api/rpc/{}", self.name),
            file: self.source.file().to_owned(),
            table: QualifiedName::new("", CALLED),
            kind: RelationKind::View,
            description: None,
            fields,
            by_name,
            key: Vec::new(),
            unique: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
            access: self.access(),
            rules: Vec::new(),
            page: self.page,
            nearest: Nearest::default(),
            max_batch: 1,
            languages: Arc::clone(&self.catalog.languages),
            computed: Vec::new(),
            cost: Cost::default(),
            indexes: Vec::new(),
            tenant: None,
            guarded: true,
            roles: Arc::clone(&self.catalog.roles),
        }
    }
}

/// An argument as people read it.
fn told(argument: &catalog::Argument) -> String {
    match (argument.name.as_str(), argument.variadic) {
        ("", _) => argument.pg_type.sql.clone(),
        (name, true) => format!("variadic {name}"),
        (name, false) => name.to_owned(),
    }
}

/// A column of which only its type is known.
fn column(name: &str, pg_type: &PgType) -> Field {
    Field {
        name: name.to_owned(),
        pg_type: pg_type.clone(),
        nullable: true,
        optional: true,
        has_default: false,
        default: None,
        read_only: false,
        description: None,
        example: None,
        json: JsonForm::Number,
        rules: FieldRules::default(),
    }
}

/// Whether the whole body is the only argument.
fn whole(function: &catalog::Function) -> Option<Whole> {
    let [argument] = function.arguments.as_slice() else {
        return None;
    };
    if !argument.name.is_empty() || argument.variadic {
        return None;
    }
    match (&argument.pg_type.kind, argument.pg_type.base.as_str()) {
        (Kind::Json | Kind::Jsonb, _) => Some(Whole::Json),
        (Kind::Text { .. }, "text") => Some(Whole::Text),
        (Kind::Bytea, _) => Some(Whole::Bytes),
        _ => None,
    }
}
