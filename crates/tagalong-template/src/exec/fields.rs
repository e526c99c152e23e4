//! Follows `.A.B` from a value.

use crate::context::Context;
use crate::error::Failure;
use crate::val::Val;

/// The value that the field names lead to. A key that a map does not have ends the way with nothing.
pub(super) fn follow(context: &Context, from: &Val, names: &[String]) -> Result<Val, Failure> {
    let mut value = from.clone();
    for (at, name) in names.iter().enumerate() {
        let found = match &value {
            Val::Nil if at == 0 => return Ok(Val::Nil),
            Val::Nil => {
                return Err(Failure::Problem(format!("there is no value to take the field `{name}` of")));
            }
            Val::Map(map) if map.entries.first().is_none_or(|(key, _)| matches!(key, Val::Text(_))) => {
                map.get(name).cloned()
            }
            Val::Dict(dict) => context.get(*dict, name),
            Val::Struct(content) => match content.get(name) {
                Some(field) => Some(field.clone()),
                None if name == "String" && content.display.is_some() => {
                    Some(context.text(content.display.as_deref().unwrap_or_default())?)
                }
                None => {
                    return Err(Failure::MissingField {
                        field: name.clone(),
                        structure: content.name.to_string(),
                    });
                }
            },
            other => {
                return Err(Failure::MissingField {
                    field: name.clone(),
                    structure: other.noun().to_owned(),
                });
            }
        };
        match found {
            Some(found) => value = found,
            None => return Ok(Val::Nil),
        }
    }
    Ok(value)
}
