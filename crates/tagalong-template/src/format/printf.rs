//! `printf`: reads a format and writes the values it names, with Go's reports of mistakes.

use super::verb::{Spec, write};
use super::{Output, type_name};
use crate::context::Context;
use crate::error::Failure;
use crate::val::Val;

/// The format with the values in place of its verbs.
pub(crate) fn sprintf(context: &Context, format: &str, values: &[Val]) -> Result<String, Failure> {
    let mut printer = Printer { out: Output::new(context), rest: format, values, next: 0, reordered: false };
    printer.run()?;
    Ok(printer.out.finish())
}

struct Printer<'a> {
    out: Output<'a>,
    rest: &'a str,
    values: &'a [Val],
    next: usize,
    /// An explicit index was used: values left over are then no mistake.
    reordered: bool,
}

impl Printer<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        while let Some((text, rest)) = self.rest.split_once('%') {
            self.out.push(text)?;
            self.rest = rest;
            self.directive()?;
        }
        self.out.push(self.rest)?;
        self.extra()
    }

    fn directive(&mut self) -> Result<(), Failure> {
        let mut spec = Spec::default();
        self.flags(&mut spec);
        let mut index_is_good = self.index();
        spec.width = self.number("WIDTH", &mut spec.minus)?;
        if self.rest.starts_with('.') {
            self.rest = self.rest.get(1..).unwrap_or_default();
            index_is_good &= self.index();
            let mut negative = false;
            let precision = self.number("PREC", &mut negative)?;
            spec.precision = if negative { None } else { Some(precision.unwrap_or(0)) };
        }
        index_is_good &= self.index();
        let Some(verb) = self.rest.chars().next() else {
            return self.out.push("%!(NOVERB)");
        };
        self.rest = self.rest.get(verb.len_utf8()..).unwrap_or_default();
        spec.verb = verb;
        if verb == '%' {
            return self.out.push("%");
        }
        if !index_is_good {
            return self.out.push(&format!("%!{verb}(BADINDEX)"));
        }
        let Some(value) = self.values.get(self.next) else {
            return self.out.push(&format!("%!{verb}(MISSING)"));
        };
        self.next += 1;
        if verb == 'T' {
            let name = self.out.context.text(type_name(value))?;
            return write(&mut self.out, &name, &Spec { verb: 's', ..spec }, 0);
        }
        write(&mut self.out, value, &spec, 0)
    }

    fn flags(&mut self, spec: &mut Spec) {
        while let Some(flag) = self.rest.chars().next() {
            match flag {
                '+' => spec.plus = true,
                '-' => spec.minus = true,
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                '0' => spec.zero = true,
                _ => return,
            }
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }

    /// `[2]`: which value comes next. False if it names none.
    fn index(&mut self) -> bool {
        let Some(after) = self.rest.strip_prefix('[') else { return true };
        self.reordered = true;
        let Some((inside, rest)) = after.split_once(']') else {
            self.rest = after;
            return false;
        };
        self.rest = rest;
        match inside.parse::<usize>() {
            Ok(index) if (1..=self.values.len()).contains(&index) => {
                self.next = index - 1;
                true
            }
            _ => false,
        }
    }

    /// A width or precision, written or, as `*`, taken from the values.
    fn number(&mut self, what: &str, negative: &mut bool) -> Result<Option<usize>, Failure> {
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            let value = self.values.get(self.next);
            self.next += 1;
            let Some(Val::Int(number)) = value else {
                self.out.push(&format!("%!(BAD{what})"))?;
                return Ok(None);
            };
            *negative |= *number < 0;
            return self.bounded(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)).map(Some);
        }
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or(("", self.rest));
        self.rest = rest;
        if digits.is_empty() {
            return Ok(None);
        }
        self.bounded(digits.parse().unwrap_or(usize::MAX)).map(Some)
    }

    fn bounded(&self, number: usize) -> Result<usize, Failure> {
        self.out.context.room(number).map(|()| number)
    }

    /// Values that no verb took.
    fn extra(&mut self) -> Result<(), Failure> {
        let left = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return Ok(());
        }
        self.out.push("%!(EXTRA ")?;
        for (at, value) in left.iter().enumerate() {
            if at > 0 {
                self.out.push(", ")?;
            }
            if !matches!(value, Val::Nil) {
                self.out.push(&format!("{}=", type_name(value)))?;
            }
            write(&mut self.out, value, &Spec::plain(), 0)?;
        }
        self.out.push(")")
    }
}
