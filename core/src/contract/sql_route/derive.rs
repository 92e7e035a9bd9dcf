//! From a file and what the database says of its statements to a [`SqlRoute`].

use std::collections::HashMap;
use std::sync::Arc;

use toml::Spanned;

use super::columns::columns;
use super::front::Given;
use super::load::{Draft, MAKE_IT_POST};
use super::template::Template;
use super::{Described, Parameter, Place, ROUTED, Ready, Returns, SqlRoute, Undescribed};
use crate::catalog::{Kind, PgType, QualifiedName, RelationKind, Roles};
use crate::contract::derive::{ReadFile, shape};
use crate::contract::overlay::FieldOverlay;
use crate::contract::source::{Source, position};
use crate::contract::{Access, Cost, Field, FieldRules, JsonForm, Nearest, Resource, narrow};
use crate::diagnostic::Diagnostic;
use crate::suggest;

/// Headers that Windlass reads itself, or that no route is to see.
const READ_HEADERS: &[&str] = &["accept", "authorization", "content-type", "cookie"];

/// Derives one route. `read_file` gives the text of other files of the project (JSON Schemas) by their relative path;
/// `roles` are those of the database.
///
/// # Errors
/// Every mistake of the file, in its order.
pub fn sql_route(
    draft: &Draft,
    described: Result<Described, Undescribed>,
    read_file: ReadFile<'_>,
    roles: &Arc<Roles>,
) -> Result<SqlRoute, Vec<Diagnostic>> {
    let mut source = Source::new(&draft.file, &draft.text);
    let described = match described {
        Ok(described) => described,
        Err(refused) => {
            undescribed(draft, refused, &mut source);
            return Err(source.finish());
        }
    };
    let template = Template::of(&draft.path);
    let mut deriving = Deriving {
        draft,
        described: &described,
        template: &template,
        read_file,
        source: &mut source,
        inputs: Default::default(),
        parameters: Vec::new(),
    };
    deriving.parameters();
    deriving.names();
    let whole = deriving.whole();
    let (inputs, parameters) = (deriving.inputs, deriving.parameters);
    let (outputs, fields) = columns(draft, &described, &mut source);
    if let (Some(step), "GET") = (described.writes.and_then(|step| draft.steps().get(step)), draft.method) {
        let at = step.start..step.start + step.word.len();
        let message = "this statement writes or locks rows, but a `GET` only reads";
        source.mistake(at, message, Some(MAKE_IT_POST.to_owned()));
    }
    if source.has_mistakes() {
        return Err(source.finish());
    }
    let last = draft.steps().len().saturating_sub(1);
    let number = |name: &str| {
        parameters
            .iter()
            .position(|known| known.name == name)
            .unwrap_or_default()
    };
    let steps = draft.steps().iter().enumerate().map(|(place, step)| Ready {
        text: match &described.text {
            Some(text) if place == last => text.clone(),
            _ => step.text.clone(),
        },
        binds: step.names.iter().map(|(name, _)| number(name)).collect(),
    });
    let access = draft
        .front
        .access
        .as_ref()
        .map(|grants| grants.get_ref().clone())
        .unwrap_or_default();
    let name = draft
        .file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let resource = |fields: Vec<Field>| Arc::new(resource(draft, &name, &access, fields, roles));
    let page = draft.front.page();
    Ok(SqlRoute {
        file: draft.file.clone(),
        method: draft.method,
        path: draft.path.clone(),
        template: template.clone(),
        summary: draft.front.summary.clone(),
        description: draft.front.description.clone(),
        tags: draft.front.tags.clone(),
        deprecated: draft.front.deprecated,
        returns: returns(draft),
        timeout: draft.front.timeout,
        cache: draft.front.cache.as_ref().map(|cache| cache.get_ref().clone()),
        inputs: inputs.map(&resource),
        whole,
        steps: steps.collect(),
        parameters,
        rows: resource(fields),
        outputs,
        page,
        at: draft
            .front
            .route
            .as_ref()
            .map_or((1, 1), |route| position(&draft.text, route.span().start)),
        access: access.clone(),
        name: name.clone(),
    })
}

/// Tells of what Postgres says, at its place in the file.
fn undescribed(draft: &Draft, refused: Undescribed, source: &mut Source<'_>) {
    let Some(step) = draft.steps().get(refused.step) else {
        return source.mistake(0..0, refused.message, refused.hint);
    };
    // Where Postgres names a parameter without its place.
    let numbered = || {
        let number: usize = refused.message.rsplit_once('$')?.1.parse().ok()?;
        step.names.get(number.checked_sub(1)?).map(|(_, at)| *at)
    };
    let at = match refused.character {
        Some(character) => step.place(character),
        None => numbered().unwrap_or(step.start),
    };
    // Numbers are ours; the file has names. From the last on: `$1` is the beginning of `$12`.
    let named = |mut text: String| {
        for (number, (name, _)) in step.names.iter().enumerate().rev() {
            text = text.replace(&format!("${}", number + 1), &format!(":{name}"));
        }
        text
    };
    let untyped = refused.message.contains("could not determine data type of parameter");
    let help = refused.hint.map(named).or_else(|| {
        let help = "say of which type it is: `:name::text`";
        untyped.then(|| help.to_owned())
    });
    source.mistake(at..at, named(refused.message), help);
}

pub(super) fn returns(draft: &Draft) -> Returns {
    draft
        .front
        .returns
        .as_ref()
        .map_or(Returns::Many, |returns| *returns.get_ref())
}

struct Deriving<'d, 's, 'a> {
    draft: &'d Draft,
    described: &'d Described,
    template: &'d Template,
    read_file: ReadFile<'d>,
    source: &'s mut Source<'a>,
    inputs: [Vec<Field>; 5],
    parameters: Vec<Parameter>,
}

impl<'d> Deriving<'d, '_, '_> {
    fn given(&self, name: &str) -> Option<&'d (Spanned<String>, Given)> {
        self.draft
            .front
            .params
            .iter()
            .find(|(known, _)| known.get_ref() == name)
    }

    /// Every parameter of the statements, in the order of the file.
    fn parameters(&mut self) {
        let mut types: HashMap<&str, (usize, &PgType)> = HashMap::new();
        for (number, step) in self.draft.steps().iter().enumerate() {
            let described = self
                .described
                .parameters
                .get(number)
                .map(Vec::as_slice)
                .unwrap_or_default();
            for ((name, at), pg_type) in step.names.iter().zip(described) {
                match types.get(name.as_str()) {
                    None => {
                        types.insert(name, (*at, pg_type));
                        self.parameter(name, *at, pg_type);
                    }
                    Some((_, known)) if *known == pg_type => {}
                    Some((_, known)) => {
                        let message = format!("`:{name}` is `{}` here, and `{}` before", pg_type.sql, known.sql);
                        let help = format!("say of which type it is: `:{name}::{}`", known.sql);
                        self.source.mistake(*at..*at, message, Some(help));
                    }
                }
            }
        }
    }

    fn parameter(&mut self, name: &str, at: usize, pg_type: &PgType) {
        let nothing = Given::default();
        let written = self.given(name);
        let (span, given) = written.map_or((at..at, &nothing), |(name, given)| (name.span(), given));
        let in_path = self.template.names().any(|known| known == name);
        let place = match &given.place {
            Some(place) => *place.get_ref(),
            None if in_path => Place::Path,
            None if matches!(self.draft.method, "GET" | "DELETE") => Place::Query,
            None => Place::Body,
        };
        let told = given.place.as_ref().map_or(span.clone(), Spanned::span);
        match (place, in_path) {
            (Place::Path, false) => {
                let help = format!("write `{{{name}}}` into the path, or take it from elsewhere");
                self.source
                    .mistake(told, format!("the path has no `{{{name}}}`"), Some(help));
            }
            (Place::Path, true) | (_, false) => {}
            (_, true) => {
                let message = format!("`{name}` is a parameter of the path");
                self.source.mistake(told, message, Some("leave `in` out".to_owned()));
            }
        }
        if place == Place::Body && self.draft.method == "GET" {
            let at = given.place.as_ref().map_or(at..at, Spanned::span);
            let help = "take it from the query, or make it `POST` in `route`".to_owned();
            self.source
                .mistake(at, format!("a `GET` has no body to take `{name}` from"), Some(help));
        }
        let wire = self.wire(name, place, given);
        let field = self.field(&wire, name, place, given, pg_type);
        let fields = &mut self.inputs[place as usize];
        if fields.iter().any(|known| known.name == wire) {
            let message = format!("two parameters are `{wire}` in the {}", place.as_str());
            self.source
                .mistake(span, message, Some("give one of them another `name`".to_owned()));
        }
        fields.push(field);
        self.parameters.push(Parameter {
            name: name.to_owned(),
            place,
            field: fields.len() - 1,
            default_at: given
                .default
                .as_ref()
                .map(|default| position(&self.draft.text, default.span().start)),
        });
    }

    /// What clients call it.
    fn wire(&mut self, name: &str, place: Place, given: &Given) -> String {
        let Some(written) = &given.name else {
            return if place == Place::Header {
                name.replace('_', "-")
            } else {
                name.to_owned()
            };
        };
        let wire = written.get_ref();
        let token = !wire.is_empty()
            && wire
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte));
        match place {
            Place::Path => {
                let message = "a parameter of the path is called as in the path";
                self.source.mistake(written.span(), message, None);
            }
            Place::Header | Place::Cookie if !token => {
                let message = format!("`{wire}` is no name of a {}", place.as_str());
                self.source.mistake(written.span(), message, None);
            }
            Place::Query | Place::Body if wire.is_empty() || wire.contains('\0') => {
                self.source.mistake(written.span(), "a name is missing", None);
            }
            _ => {}
        }
        wire.clone()
    }

    fn field(&mut self, wire: &str, name: &str, place: Place, given: &Given, pg_type: &PgType) -> Field {
        if place == Place::Header && READ_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(wire)) {
            let at = self.given(name).map_or(0..0, |(name, _)| name.span());
            self.source
                .mistake(at, format!("no route reads the header `{wire}`"), None);
        }
        let overlay: &FieldOverlay = &given.field;
        let mut rules = narrow::from_type(pg_type);
        narrow::tidy(&mut rules);
        narrow::field(name, pg_type, &mut rules, overlay, self.source);
        if let Some(file) = &overlay.schema {
            rules.schema = shape(name, pg_type, file, self.read_file, self.source);
        }
        let optional = given.optional.as_ref().is_some_and(|optional| *optional.get_ref());
        if let (Place::Path, Some(at)) = (
            place,
            given
                .optional
                .as_ref()
                .map(Spanned::span)
                .or_else(|| given.default.as_ref().map(Spanned::span)),
        ) {
            self.source.mistake(at, "a parameter of the path is always there", None);
        }
        Field {
            nullable: optional,
            optional: optional || given.default.is_some(),
            has_default: given.default.is_some(),
            default: given.default.as_ref().map(|default| default.get_ref().clone()),
            description: overlay.description.clone(),
            example: overlay.example.clone(),
            json: overlay.json.as_ref().map_or(JsonForm::Number, |json| *json.get_ref()),
            rules,
            ..plain(wire, pg_type)
        }
    }

    /// Names of the file that no statement has.
    fn names(&mut self) {
        let known: Vec<&str> = self
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        for (name, _) in &self.draft.front.params {
            if !known.contains(&name.get_ref().as_str()) {
                let message = format!("no statement has a parameter `:{}`", name.get_ref());
                let help = suggest::help(name.get_ref(), known.iter().copied());
                self.source.mistake(name.span(), message, help);
            }
        }
        for name in self.template.names().filter(|name| !known.contains(name)) {
            let at = self.draft.front.route.as_ref().map_or(0..0, Spanned::span);
            let help = format!("write `:{name}` where its value belongs");
            self.source
                .mistake(at, format!("no statement uses `{{{name}}}` of the path"), Some(help));
        }
    }

    /// Whether the whole body is the parameter `:body`.
    fn whole(&mut self) -> bool {
        let [.., fields] = &self.inputs;
        let named = self
            .parameters
            .iter()
            .find(|parameter| parameter.name == "body" && parameter.place == Place::Body);
        let field = named.and_then(|parameter| fields.get(parameter.field));
        let json = |field: &&Field| matches!(field.pg_type.kind, Kind::Json | Kind::Jsonb) && field.name == "body";
        let found = field.filter(json).is_some();
        if found && fields.len() > 1 {
            let others = fields
                .iter()
                .filter(|field| field.name != "body")
                .map(|field| format!("`{}`", field.name));
            let message = format!(
                "`:body` is the whole body, so there is no {} beside it",
                others.collect::<Vec<_>>().join(", ")
            );
            let step = self.draft.steps().iter().flat_map(|step| &step.names);
            let at = step.clone().find(|(name, _)| name == "body").map_or(0, |(_, at)| *at);
            let help = "call it otherwise, or take the members out of it in SQL: `:body->>'name'`".to_owned();
            self.source.mistake(at..at, message, Some(help));
        }
        found
    }
}

/// A field of which only its type is known.
pub(super) fn plain(name: &str, pg_type: &PgType) -> Field {
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

/// A resource that is no table's.
fn resource(
    draft: &Draft,
    name: &str,
    access: &[crate::contract::Grant],
    fields: Vec<Field>,
    roles: &Arc<Roles>,
) -> Resource {
    let by_name = fields
        .iter()
        .enumerate()
        .map(|(index, field)| (field.name.clone(), index))
        .collect();
    Resource {
        name: name.to_owned(),
        path: draft.path.clone(),
        file: draft.file.clone(),
        table: QualifiedName::new("", ROUTED),
        kind: RelationKind::View,
        description: None,
        fields,
        by_name,
        key: Vec::new(),
        unique: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        access: Access {
            read: Some(access.to_vec()),
            ..Access::default()
        },
        rules: Vec::new(),
        page: draft.front.page(),
        nearest: Nearest::default(),
        max_batch: 1,
        languages: Arc::default(),
        computed: Vec::new(),
        cost: Cost::default(),
        indexes: Vec::new(),
        tenant: None,
        // What its SQL reads may have policies.
        guarded: true,
        roles: Arc::clone(roles),
    }
}
