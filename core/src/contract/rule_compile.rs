//! Compiling a rule: what it reads of `self`, and whether it could ever work.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, Env, ExecutionError, Program};

/// CEL's standard library, shared by compiling and evaluating.
pub static RULE_ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Names that are types, not fields that somebody forgot `self.` before.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// Compiles a rule's expression; gives the fields of `self` that it reads, each once, in the order of the text.
///
/// # Errors
///
/// Why it cannot be a rule, with the place in the expression where that is known.
pub fn compile_rule(expr: &str) -> Result<(Arc<Program>, Vec<String>), String> {
    let program = RULE_ENV.compile(expr).map_err(|errors| {
        errors.errors.first().map_or_else(
            || "not a CEL expression".to_owned(),
            |error| {
                format!(
                    "not a CEL expression: line {}, column {}: {}",
                    error.pos.0, error.pos.1, error.msg
                )
            },
        )
    })?;
    let mut reads = Reads::default();
    reads.walk(program.expression());
    if let Some(reason) = reads.reason {
        return Err(reason);
    }
    if reads.fields.is_empty() {
        return Err("it reads no field; the row is `self`, for example `self.price > 0`".to_owned());
    }
    if let Some(function) = unknown_function(&program) {
        return Err(format!("there is no function `{function}`"));
    }
    Ok((Arc::new(program), reads.fields))
}

/// A function that no evaluation could ever find. CEL looks functions up late, so each is called once
/// with nothing: one that exists complains of its arguments instead.
fn unknown_function(program: &Program) -> Option<String> {
    let context = Context::with_env(Arc::clone(&RULE_ENV));
    for name in program.references().functions() {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.starts_with('_') {
            continue;
        }
        let missing = |expr: String| {
            let probe = RULE_ENV.compile(&expr).ok()?;
            Some(matches!(
                probe.execute(&context),
                Err(ExecutionError::UndeclaredReference(_))
            ))
        };
        if missing(format!("{name}()")) == Some(true) && missing(format!("''.{name}()")) == Some(true) {
            return Some(name.to_owned());
        }
    }
    None
}

/// Collects what an expression reads of `self`.
#[derive(Default)]
struct Reads {
    fields: Vec<String>,
    scope: Vec<String>,
    reason: Option<String>,
}

impl Reads {
    fn field(&mut self, name: &str) {
        if !self.fields.iter().any(|known| known == name) {
            self.fields.push(name.to_owned());
        }
    }

    fn walk(&mut self, expr: &IdedExpr) {
        match &expr.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) if is_self(&select.operand) => self.field(&select.field),
            Expr::Select(select) => self.walk(&select.operand),
            Expr::Call(call) => {
                if call.func_name == operators::INDEX
                    && let [row, index] = call.args.as_slice()
                    && is_self(row)
                    && let Expr::Literal(LiteralValue::String(name)) = &index.expr
                {
                    self.field(name.inner());
                    return;
                }
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.walk(part);
                }
            }
            Expr::Comprehension(fold) => {
                self.walk(&fold.iter_range);
                self.walk(&fold.accu_init);
                let before = self.scope.len();
                self.scope.push(fold.iter_var.clone());
                self.scope.extend(fold.iter_var2.clone());
                self.scope.push(fold.accu_var.clone());
                self.walk(&fold.loop_cond);
                self.walk(&fold.loop_step);
                self.walk(&fold.result);
                self.scope.truncate(before);
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.walk(element)),
            Expr::Map(map) => self.entries(&map.entries),
            Expr::Struct(structure) => self.entries(&structure.entries),
        }
    }

    fn entries(&mut self, entries: &[cel::common::ast::IdedEntryExpr]) {
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => self.walk(&field.value),
                EntryExpr::MapEntry(pair) => {
                    self.walk(&pair.key);
                    self.walk(&pair.value);
                }
            }
        }
    }

    fn ident(&mut self, name: &str) {
        if self.scope.iter().any(|known| known == name) || TYPES.contains(&name) || name.starts_with('@') {
            return;
        }
        let reason = if name == "self" {
            "`self` stands for the row and is followed by a field's name: `self.price`".to_owned()
        } else {
            format!("`{name}` is not known here; a field is written `self.{name}`")
        };
        self.reason.get_or_insert(reason);
    }
}

fn is_self(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name == "self")
}
