//! From JSON to the values of an expression. Whole numbers are `int`, as Flux has them.

use std::collections::HashMap;

use cel::Value as CelValue;
use cel::objects::{Key, Map};
use serde_json::Value;

pub(crate) fn of(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => CelValue::Int(value),
            (None, Some(value)) => CelValue::UInt(value),
            (None, None) => CelValue::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => CelValue::String(text.clone().into()),
        Value::Array(items) => CelValue::List(items.iter().map(of).collect::<Vec<_>>().into()),
        Value::Object(fields) => {
            let fields: HashMap<Key, CelValue> =
                fields.iter().map(|(name, value)| (Key::from(name.as_str()), of(value))).collect();
            CelValue::Map(Map { map: fields.into() })
        }
    }
}
