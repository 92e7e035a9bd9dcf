//! The text of a new resource file: what the catalog says, ready to be narrowed, and nothing opened.

use std::fmt::Write;
use std::path::Path;

use super::{Field, FieldRules, Resource, load, path};
use crate::catalog::{Catalog, Kind, Relation, RelationKind};
use crate::error::{Code, Error, Result};

/// A resource file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResource {
    /// The file's name without `.toml`.
    pub name: String,
    /// The file's text.
    pub text: String,
}

/// What `windlass resource add NAME` writes for a table, or for a function where there is no such table. No verb is open in
/// it: the command says which lines to uncomment.
///
/// # Errors
///
/// `project_invalid` when there is neither, with the nearest table as hint.
pub fn new_resource(table: &str, catalog: &Catalog) -> Result<NewResource> {
    let relation = match super::derive::find(table, catalog) {
        Ok(relation) => relation,
        Err((message, help)) => {
            return match super::derive_function::find(table, catalog) {
                Ok(functions) => new_function(functions, catalog),
                Err(_) => Err(Error::new(Code::ProjectInvalid, message).with_hint(help)),
            };
        }
    };
    let name = path::name_for(&relation.name.name);
    let head = format!("table = {}\n", string(&relation.name.to_string()));
    let file = Path::new("resources").join(format!("{name}.toml"));
    let resource = load::read_resource(&file, &head, catalog, &|_| Err(String::new())).map_err(|found| {
        let reason: Vec<String> = found.iter().map(|mistake| mistake.message.clone()).collect();
        Error::new(Code::ProjectInvalid, reason.join("; "))
    })?;
    let mut text = String::new();
    if let Some(comment) = &resource.description {
        for line in comment.lines() {
            let _ = writeln!(text, "# {}", one_line(line));
        }
    }
    text.push_str(&head);
    let _ = writeln!(text, "# path = {}", string(&resource.path));
    if resource.key.is_empty() {
        key_hint(&mut text, relation);
    }
    access(&mut text, relation.insertable, relation.updatable, relation.deletable);
    text.push_str(
        "\n# What the database says of each field. Uncomment a section to narrow it or to add to it,\n\
         # for example: description, example, format, normalize, pattern, enum, ge, le, min_length.\n",
    );
    for field in &resource.fields {
        section(&mut text, &resource, field);
    }
    Ok(NewResource { name, text })
}

/// The file of a function.
fn new_function(functions: &[crate::catalog::Function], catalog: &Catalog) -> Result<NewResource> {
    let missing = || Error::internal("a name without a function");
    let known = functions.first().ok_or_else(missing)?;
    let name = path::name_for(&known.name.name);
    let head = format!("function = {}\n", string(&known.name.to_string()));
    let file = Path::new("resources").join(format!("{name}.toml"));
    // With a grant, as a function that nobody may call is a mistake.
    let open = format!("{head}[access]\ncall = [\"public\"]\n");
    let function = load::read_function(&file, &open, catalog, &[]).map_err(|found| {
        let reason: Vec<String> = found.iter().map(|mistake| mistake.message.clone()).collect();
        let error = Error::new(Code::ProjectInvalid, reason.join("; "));
        match found.into_iter().find_map(|mistake| mistake.help) {
            Some(help) => error.with_hint(help),
            None => error,
        }
    })?;
    let mut text = String::new();
    for line in function.description.iter().flat_map(|comment| comment.lines()) {
        let _ = writeln!(text, "# {}", one_line(line));
    }
    text.push_str(&head);
    for overload in &function.overloads {
        let methods = if overload.reads { "GET or POST" } else { "POST" };
        let _ = writeln!(text, "# {methods} {}: {}", function.path, one_line(&overload.signature));
    }
    text.push_str(
        "\n# Nobody may call it yet. Uncomment the line that is right.\n\
         # A grant is `public`, `authenticated`, `scope:NAME` or `role:NAME`; any one that holds lets the caller in.\n\
         [access]\n# call = [\"public\"]\n\
         \n# What the database says of each argument. Uncomment a section to narrow it or to add to it,\n\
         # for example: description, example, format, normalize, pattern, enum, ge, le, min_length.\n",
    );
    let mut told: Vec<&str> = Vec::new();
    for overload in &function.overloads {
        for field in overload.arguments.fields.iter().filter(|field| !field.name.is_empty()) {
            if !told.contains(&field.name.as_str()) {
                told.push(&field.name);
                argument(&mut text, field);
            }
        }
    }
    Ok(NewResource { name, text })
}

/// An argument's section, commented out.
fn argument(text: &mut String, field: &Field) {
    let mut about = vec![field.pg_type.sql.clone()];
    about.push(match &field.default {
        Some(default) => format!("default {default}"),
        None if field.optional => "optional".to_owned(),
        None => "required".to_owned(),
    });
    let _ = writeln!(
        text,
        "\n# [args.{}]  # {}",
        key(&field.name),
        one_line(&about.join(", "))
    );
    for (name, value) in rules(&field.rules, &field.pg_type.kind) {
        let _ = writeln!(text, "# {name} = {value}");
    }
}

/// Without a key there are no item routes: what could be one.
fn key_hint(text: &mut String, relation: &Relation) {
    let is_view = matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView);
    let never_null = |name: &String| relation.column(name).is_some_and(|column| !column.nullable);
    let unique = relation
        .unique_keys
        .iter()
        .map(|unique| unique.columns.clone())
        .find(|columns| !columns.is_empty() && columns.iter().all(never_null));
    let first = || relation.columns.first().map(|column| vec![column.name.clone()]);
    match unique.or_else(|| first().filter(|_| is_view)) {
        Some(columns) => {
            let columns: Vec<String> = columns.iter().map(|column| string(column)).collect();
            text.push_str("# The columns that tell one row from the others; without them there are no item routes.\n");
            let _ = writeln!(text, "# key = [{}]", columns.join(", "));
        }
        None => text.push_str("# There are no item routes: the table has no primary key. A migration can add one.\n"),
    }
}

fn access(text: &mut String, insertable: bool, updatable: bool, deletable: bool) {
    text.push_str(
        "\n# Nothing is open: a verb without a line here is refused to everybody. Uncomment what is to be served.\n\
         # A grant is `public`, `authenticated`, `scope:NAME` or `role:NAME`; any one that holds lets the caller in.\n\
         [access]\n",
    );
    for (verb, grant, works) in [
        ("read", "public", true),
        ("create", "authenticated", insertable),
        ("update", "authenticated", updatable),
        ("delete", "authenticated", deletable),
    ] {
        if works {
            let _ = writeln!(text, "# {verb} = [\"{grant}\"]");
        }
    }
}

/// A field's section, commented out; uncommented as it stands it changes nothing.
fn section(text: &mut String, resource: &Resource, field: &Field) {
    let in_key = resource
        .key
        .iter()
        .any(|i| resource.fields.get(*i).is_some_and(|f| f.name == field.name));
    let mut about = vec![field.pg_type.sql.clone()];
    for (is, word) in [
        (in_key, "key"),
        (field.read_only, "read-only"),
        (!field.optional && !field.read_only, "required"),
        (field.nullable, "may be null"),
    ] {
        if is {
            about.push(word.to_owned());
        }
    }
    if let Some(default) = &field.default {
        about.push(format!("default {default}"));
    }
    let _ = writeln!(
        text,
        "\n# [fields.{}]  # {}",
        key(&field.name),
        one_line(&about.join(", "))
    );
    if let Some(description) = &field.description {
        let _ = writeln!(text, "# description = {}", string(description));
    }
    for (name, value) in rules(&field.rules, &field.pg_type.kind) {
        let _ = writeln!(text, "# {name} = {value}");
    }
    for regex in &field.rules.patterns {
        let _ = writeln!(text, "# # the database asks for: {}", one_line(regex.as_str()));
    }
    if let (Some(items), Kind::Array { item }) = (&field.rules.items, &field.pg_type.kind) {
        let items: Vec<String> = rules(items, &item.kind)
            .into_iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        if !items.is_empty() {
            let _ = writeln!(text, "# items = {{ {} }}", items.join(", "));
        }
    }
}

/// The rules in the words of an overlay, but for patterns: an overlay's stand beside the database's own.
fn rules(rules: &FieldRules, kind: &Kind) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    for (name, bound) in [
        ("ge", &rules.ge),
        ("gt", &rules.gt),
        ("le", &rules.le),
        ("lt", &rules.lt),
    ] {
        said.extend(bound.as_ref().map(|n| (name, n.to_string())));
    }
    for (name, count) in [
        ("min_length", rules.min_length),
        ("max_length", rules.max_length),
        ("min_items", rules.min_items),
        ("max_items", rules.max_items),
        ("dimensions", rules.dimensions),
    ] {
        said.extend(count.map(|n| (name, n.to_string())));
    }
    if let Some(words) = &rules.one_of
        && matches!(kind, Kind::Text { .. } | Kind::Enum { .. })
    {
        let words: Vec<String> = words.iter().map(|word| string(word)).collect();
        said.push(("enum", format!("[{}]", words.join(", "))));
    }
    said
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// A TOML string on one line.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A TOML key, quoted where it must be.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { string(name) }
}
