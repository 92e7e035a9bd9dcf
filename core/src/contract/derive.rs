//! From a relation of the catalog and an overlay to a [`Resource`].

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;

use super::check_expr::{Known, understand};
use super::overlay::{FieldOverlay, Overlay};
use super::source::Source;
use super::{
    CheckName, EF_SEARCH_MOST, Field, JsonForm, Nearest, PageLimits, Reference, Resource, Rule, Shape, Unique, Verb,
};
use super::{compile_rule, computed, default_value, narrow, path, tenant};
use crate::catalog::{Catalog, Column, Identity, Kind, PgType, QualifiedName, Relation, RelationKind};
use crate::suggest;

/// How the mistake of a missing table begins.
pub const NO_TABLE: &str = "there is no table or view";

/// Reads a file of the project by its relative path; the error says why it cannot.
pub(super) type ReadFile<'f> = &'f dyn Fn(&Path) -> Result<String, String>;

/// Derives the resource `name`; `None` when there is a mistake, which `source` then knows.
pub(super) fn derive(
    name: &str,
    overlay: &Overlay,
    catalog: &Catalog,
    read_file: ReadFile<'_>,
    source: &mut Source<'_>,
) -> Option<Resource> {
    let path = path::read(name, overlay.path.as_ref(), source);
    foreign(overlay, &["args"], "functions", source);
    if let Some(call) = &overlay.call {
        let help = "a table has `read`, `create`, `update` and `delete`".to_owned();
        source.mistake(call.span(), "`call` is for functions", Some(help));
    }
    let relation = relation(name, overlay.table.as_ref(), catalog, source)?;
    let mut deriving = Deriving {
        relation,
        overlay,
        read_file,
        source,
    };
    deriving.names();
    let mut fields = deriving.fields();
    let mut key = deriving.key();
    let tenant = tenant::derive(overlay, relation, catalog, &mut fields, deriving.source);
    if let Some(tenant) = &overlay.tenant {
        // Who asks has one tenant: within it the rest of the key tells its rows apart.
        key.retain(|column| column != tenant.get_ref());
    }
    deriving.access(&fields);
    let page = page(overlay, deriving.source);
    let rules = deriving.rules(&fields);
    let nearest = deriving.nearest(&fields, catalog);
    let computed = computed::derive(overlay, relation, catalog, deriving.source);

    let by_name: std::collections::HashMap<String, usize> =
        fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
    // All or none: half of a key would name the wrong fields.
    let indexes = |columns: &[String]| -> Vec<usize> {
        let found: Option<Vec<usize>> = columns.iter().map(|c| by_name.get(c).copied()).collect();
        found.unwrap_or_default()
    };
    let mut resource = Resource {
        name: name.to_owned(),
        path,
        file: deriving.source.file().to_owned(),
        table: relation.name.clone(),
        kind: relation.kind,
        description: overlay.description.clone().or_else(|| relation.comment.clone()),
        key: indexes(&key),
        unique: relation
            .unique_keys
            .iter()
            .map(|unique| Unique {
                constraint: unique.name.clone(),
                fields: indexes(&unique.columns),
                primary: unique.primary,
            })
            .collect(),
        references: relation
            .foreign_keys
            .iter()
            .map(|foreign| Reference {
                constraint: foreign.name.clone(),
                fields: indexes(&foreign.columns),
                target: foreign.target.clone(),
                target_columns: foreign.target_columns.clone(),
            })
            .collect(),
        indexes: relation.indexes.clone(),
        checks: checks(relation, indexes),
        access: super::Access::default(),
        rules,
        page,
        cost: overlay.cost.clone(),
        nearest,
        languages: Arc::clone(&catalog.languages),
        max_batch: overlay.max_batch.unwrap_or(10_000),
        computed,
        tenant,
        guarded: relation.security.enabled || relation.kind != RelationKind::Table,
        roles: Arc::clone(&catalog.roles),
        fields,
        by_name,
    };
    for (verb, grants) in &overlay.access {
        let grants = Some(grants.get_ref().clone());
        match verb {
            Verb::Read => resource.access.read = grants,
            Verb::Create => resource.access.create = grants,
            Verb::Update => resource.access.update = grants,
            Verb::Delete => resource.access.delete = grants,
        }
    }
    (!source.has_mistakes()).then_some(resource)
}

/// Keys that belong to another kind of file.
pub(super) fn foreign(overlay: &Overlay, keys: &[&str], whose: &str, source: &mut Source<'_>) {
    for key in overlay.keys.iter().filter(|key| keys.contains(&key.get_ref().as_str())) {
        source.mistake(key.span(), format!("`{}` is for {whose}", key.get_ref()), None);
    }
}

/// The relation that a resource file is about.
fn relation<'c>(
    name: &str,
    table: Option<&Spanned<String>>,
    catalog: &'c Catalog,
    source: &mut Source<'_>,
) -> Option<&'c Relation> {
    let text = table.map_or(name, |t| t.get_ref().as_str());
    match find(text, catalog) {
        Ok(relation) => Some(relation),
        Err((message, help)) => {
            source.mistake(table.map_or(0..0, Spanned::span), message, Some(help));
            None
        }
    }
}

/// The relation called `text`, with or without its schema; else what is wrong, and what to do.
pub(super) fn find<'c>(text: &str, catalog: &'c Catalog) -> Result<&'c Relation, (String, String)> {
    let wanted = match text.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => QualifiedName::new("public", text),
    };
    // A name with a dot of its own is found by its spelling.
    let spelled = || {
        catalog
            .relations
            .values()
            .find(|relation| relation.name.to_string() == text)
    };
    if let Some(relation) = catalog.relations.get(&wanted).or_else(spelled) {
        return Ok(relation);
    }
    let names: Vec<String> = catalog.relations.keys().map(ToString::to_string).collect();
    let elsewhere = catalog.relations.keys().find(|other| other.name == wanted.name);
    let help = match elsewhere {
        Some(other) => Some(format!("did you mean `{other}`?")),
        None => suggest::help(&wanted.to_string(), names.iter().map(String::as_str)),
    };
    let help = help.unwrap_or_else(|| "the database has no tables yet; run `windlass migrate up`".to_owned());
    Err((format!("{NO_TABLE} `{wanted}`"), help))
}

/// CHECKs of the table and of its columns' domains, with the fields they are about.
fn checks(relation: &Relation, indexes: impl Fn(&[String]) -> Vec<usize>) -> Vec<CheckName> {
    let own = relation
        .checks
        .iter()
        .map(|check| (check.name.clone(), indexes(&check.columns)));
    let domains = relation.columns.iter().flat_map(|column| {
        let fields = indexes(std::slice::from_ref(&column.name));
        domain_names(column).map(move |name| (name.to_owned(), fields.clone()))
    });
    let mut all: Vec<CheckName> = Vec::new();
    for (constraint, fields) in own.chain(domains) {
        match all.iter_mut().find(|known| known.constraint == constraint) {
            Some(known) => known.fields.extend(fields),
            None => all.push(CheckName { constraint, fields }),
        }
    }
    all
}

fn domain_names(column: &Column) -> impl Iterator<Item = &str> {
    let item = match &column.pg_type.kind {
        Kind::Array { item } => item.domain_rules.as_slice(),
        _ => &[],
    };
    column
        .pg_type
        .domain_rules
        .iter()
        .chain(item)
        .map(|rule| rule.name.as_str())
}

struct Deriving<'d, 's, 'a> {
    relation: &'d Relation,
    overlay: &'d Overlay,
    read_file: ReadFile<'d>,
    source: &'s mut Source<'a>,
}

impl Deriving<'_, '_, '_> {
    fn is_hidden(&self, column: &str) -> bool {
        self.overlay.hidden.iter().any(|hidden| hidden.get_ref() == column)
    }

    /// Whether there is such a column that the API shows; notes the mistake if not.
    fn shown(&mut self, name: &str, at: Range<usize>) -> bool {
        if self.relation.column(name).is_none() {
            let columns = self.relation.columns.iter().map(|c| c.name.as_str());
            let message = format!("`{}` has no column `{name}`", self.relation.name);
            self.source.mistake(at, message, suggest::help(name, columns));
            return false;
        }
        if self.is_hidden(name) {
            let help = "take it out of `hidden`, or do not name it here".to_owned();
            self.source.mistake(at, format!("`{name}` is hidden"), Some(help));
            return false;
        }
        true
    }

    /// Every name in the file must be a column's.
    fn names(&mut self) {
        for hidden in &self.overlay.hidden {
            if self.relation.column(hidden.get_ref()).is_none() {
                self.shown(hidden.get_ref(), hidden.span());
            }
        }
        for (name, _) in &self.overlay.fields {
            self.shown(name.get_ref(), name.span());
        }
    }

    fn fields(&mut self) -> Vec<Field> {
        let relation = self.relation;
        let type_of = |name: &str| relation.column(name).map(|column| &column.pg_type);
        let known: Vec<(String, Known)> = relation
            .checks
            .iter()
            .flat_map(|check| understand(&check.definition, type_of))
            .collect();
        let nothing = FieldOverlay::default();
        let mut fields = Vec::with_capacity(relation.columns.len());
        for column in &relation.columns {
            if self.is_hidden(&column.name) {
                continue;
            }
            let written = self
                .overlay
                .fields
                .iter()
                .find(|(name, _)| *name.get_ref() == column.name);
            let overlay = written.map_or(&nothing, |(_, overlay)| overlay);
            let known = known.iter().filter(|(name, _)| *name == column.name);
            fields.push(self.field(column, overlay, known.map(|(_, known)| known.clone())));
        }
        fields
    }

    fn field(&mut self, column: &Column, overlay: &FieldOverlay, known: impl Iterator<Item = Known>) -> Field {
        let mut rules = narrow::from_type(&column.pg_type);
        known.for_each(|known| known.narrow(&mut rules));
        narrow::tidy(&mut rules);
        narrow::field(&column.name, &column.pg_type, &mut rules, overlay, self.source);
        if let Some(schema) = &overlay.schema {
            rules.schema = shape(&column.name, &column.pg_type, schema, self.read_file, self.source);
        }
        let by_database = column.generated || column.identity == Some(Identity::Always) || !column.updatable;
        if let Some(read_only) = &overlay.read_only
            && by_database
            && !read_only.get_ref()
        {
            let message = format!("`{}` is set by the database alone: it stays read-only", column.name);
            self.source.mistake(read_only.span(), message, None);
        }
        if let Some(json) = &overlay.json
            && !matches!(column.pg_type.kind, Kind::Int8 | Kind::Numeric { .. })
        {
            let sql = &column.pg_type.sql;
            let message = format!("`json` is for `bigint` and `numeric`, but `{}` is `{sql}`", column.name);
            self.source.mistake(json.span(), message, None);
        }
        let default = column.default.as_deref();
        Field {
            name: column.name.clone(),
            pg_type: column.pg_type.clone(),
            nullable: column.nullable,
            optional: is_optional(column),
            has_default: column.default.is_some() || column.identity.is_some() || column.generated,
            default: default.and_then(|sql| default_value::literal(sql, &column.pg_type.kind)),
            read_only: by_database || overlay.read_only.as_ref().is_some_and(|flag| *flag.get_ref()),
            description: overlay.description.clone().or_else(|| column.comment.clone()),
            example: overlay.example.clone(),
            json: overlay.json.as_ref().map_or(JsonForm::Number, |json| *json.get_ref()),
            rules,
        }
    }

    /// The columns that tell one row from the others.
    fn key(&mut self) -> Vec<String> {
        let own = &self.relation.primary_key;
        let Some(written) = &self.overlay.key else {
            for column in own {
                if let Some(hidden) = self.overlay.hidden.iter().find(|hidden| hidden.get_ref() == column) {
                    let help = "name another unique key with `key = [\"…\"]`, or show it".to_owned();
                    let message = format!("`{column}` is of the primary key, by which rows are addressed");
                    self.source.mistake(hidden.span(), message, Some(help));
                }
            }
            return own.clone();
        };
        let columns = written.get_ref();
        if columns.is_empty() {
            self.source.mistake(written.span(), "`key` names no column", None);
        }
        let mut key = Vec::new();
        for column in columns {
            if self.shown(column.get_ref(), column.span()) {
                key.push(column.get_ref().clone());
            }
        }
        // A view has no keys to compare with: there the operator's word stands.
        let is_view = matches!(self.relation.kind, RelationKind::View | RelationKind::MaterializedView);
        let same = |unique: &[String]| unique.len() == key.len() && key.iter().all(|column| unique.contains(column));
        let is_key = is_view || self.relation.unique_keys.iter().any(|unique| same(&unique.columns));
        let never_null = |name: &String| is_view || self.relation.column(name).is_some_and(|c| !c.nullable);
        if key.len() == columns.len() && !key.is_empty() && !(is_key && key.iter().all(never_null)) {
            let help = "a key's columns are NOT NULL and have a unique constraint of their own".to_owned();
            let message = format!("`{}` is no key of `{}`", key.join("`, `"), self.relation.name);
            self.source.mistake(written.span(), message, Some(help));
        }
        key
    }

    fn access(&mut self, fields: &[Field]) {
        let relation = self.relation;
        for (verb, grants) in &self.overlay.access {
            let (word, sql, works) = match verb {
                Verb::Read => continue,
                Verb::Create => ("create", "INSERT", relation.insertable),
                Verb::Update => ("update", "UPDATE", relation.updatable),
                Verb::Delete => ("delete", "DELETE", relation.deletable),
            };
            if !works {
                let message = format!("`{word}` is granted, but `{}` takes no {sql}", relation.name);
                self.source.mistake(grants.span(), message, None);
                continue;
            }
            if *verb != Verb::Create {
                continue;
            }
            let tenant = self.overlay.tenant.as_ref().map(Spanned::get_ref);
            let needed = |column: &&Column| !is_optional(column) && tenant != Some(&column.name);
            for column in relation.columns.iter().filter(needed) {
                let field = fields.iter().find(|field| field.name == column.name);
                let reason = match field {
                    None => "hidden",
                    Some(field) if field.read_only => "read-only",
                    Some(_) => continue,
                };
                let message = format!(
                    "`create` is granted, but no row can be created: `{}` is {reason}, NOT NULL and has no default",
                    column.name
                );
                let help = "give the column a default in a migration, show it, or take `create` out".to_owned();
                self.source.mistake(grants.span(), message, Some(help));
            }
        }
    }

    fn nearest(&mut self, fields: &[Field], catalog: &Catalog) -> Nearest {
        let cap = self.overlay.max_ef_search.as_ref();
        let nearest = Nearest::derive(self.relation, fields, cap.map(|cap| *cap.get_ref()), catalog.pgvector);
        if let Some(cap) = cap {
            if *cap.get_ref() > EF_SEARCH_MOST {
                let message = format!("`max_ef_search` is at most {EF_SEARCH_MOST}, as pgvector takes no more");
                self.source.mistake(cap.span(), message, None);
            }
            if nearest.columns.is_empty() {
                let message = format!("`[nearest]` is for vectors, but `{}` shows none", self.relation.name);
                self.source.mistake(cap.span(), message, None);
            }
        }
        nearest
    }

    fn rules(&mut self, fields: &[Field]) -> Vec<Rule> {
        let mut rules = Vec::with_capacity(self.overlay.rules.len());
        for written in &self.overlay.rules {
            if let Some(loc) = &written.loc {
                self.shown(loc.get_ref(), loc.span());
            }
            match compile_rule(written.expr.get_ref()) {
                Err(reason) => self.source.mistake(written.expr.span(), reason, None),
                Ok((program, read)) => {
                    for name in &read {
                        self.shown(name, written.expr.span());
                    }
                    rules.push(Rule {
                        expr: written.expr.get_ref().clone(),
                        loc: written.loc.as_ref().map(|loc| loc.get_ref().clone()),
                        msg: written.msg.clone(),
                        fields: read
                            .into_iter()
                            .filter(|name| fields.iter().any(|f| f.name == *name))
                            .collect(),
                        program,
                        unset: std::sync::OnceLock::new(),
                    });
                }
            }
        }
        rules
    }
}

/// Most rows of a stream, where the overlay does not say: enough for tables that are read as a whole, and a bound for one
/// that nobody thought of.
const MAX_STREAM: u32 = 1_000_000;

/// How many rows are given.
pub(super) fn page(overlay: &Overlay, source: &mut Source<'_>) -> PageLimits {
    let max = overlay.page_max.unwrap_or(1_000);
    let default = match &overlay.page_default {
        None => max.min(50),
        Some(default) => {
            if *default.get_ref() > max {
                let message = format!("`default` is above `max`, which is {max}");
                source.mistake(default.span(), message, None);
            }
            *default.get_ref()
        }
    };
    if let Some(stream) = overlay
        .page_max_stream
        .as_ref()
        .filter(|stream| *stream.get_ref() < max)
    {
        let message =
            format!("`max_stream` is below `max`, which is {max}: a streamed reply has room for more, not less");
        source.mistake(stream.span(), message, None);
    }
    PageLimits {
        default,
        max,
        max_stream: overlay
            .page_max_stream
            .as_ref()
            .map_or(max.max(MAX_STREAM), |stream| *stream.get_ref()),
        max_bytes: overlay.page_max_bytes.map(u64::from),
        max_groups: overlay.page_max_groups,
    }
}

/// Whether a row can be inserted without the column.
fn is_optional(column: &Column) -> bool {
    column.nullable || column.default.is_some() || column.identity.is_some() || column.generated
}

/// A JSON Schema file, read and compiled, for the values called `name`.
pub(super) fn shape(
    name: &str,
    pg_type: &PgType,
    file: &Spanned<String>,
    read_file: ReadFile<'_>,
    source: &mut Source<'_>,
) -> Option<Shape> {
    if !matches!(pg_type.kind, Kind::Json | Kind::Jsonb) {
        let message = format!("`schema` is for `json` and `jsonb`, but `{name}` is `{}`", pg_type.sql);
        source.mistake(file.span(), message, None);
        return None;
    }
    let path = Path::new(file.get_ref());
    let inside = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    let shape = if inside {
        read_file(&source.file().with_file_name(path)).and_then(|text| compile_schema(&text))
    } else {
        Err("name a file beside the one that names it, or in a folder there".to_owned())
    };
    match shape {
        Ok(shape) => Some(shape),
        Err(reason) => {
            let message = format!("`{}` is no schema to use: {reason}", file.get_ref());
            source.mistake(file.span(), message, None);
            None
        }
    }
}

/// Compiles JSON Schema 2020-12; formats are asserted, and no reference leaves the document.
fn compile_schema(text: &str) -> Result<Shape, String> {
    let schema: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(&schema)
        .map_err(|error| format!("at `{}`: {error}", error.instance_path()))?;
    Ok(Shape {
        source: Arc::new(schema),
        validator: Arc::new(validator),
    })
}
