//! What ends an evaluation: every turn of every loop asks for leave, and once none is left, or the time is up, all loops
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::{Context, IdedExpr};

/// Turns of loops in one evaluation, nested ones included.
pub(crate) const TURNS: u32 = 20_000;
/// How long loops may take, however few their turns.
pub(crate) const TIME: Duration = Duration::from_millis(200);
/// No expression can name it.
const LEAVE: &str = "@leave";

/// What loops may take.
#[derive(Clone)]
pub(crate) struct Leave(Arc<Left>);

struct Left {
    turns: AtomicU32,
    until: Instant,
    used_up: AtomicBool,
}

impl Leave {
    /// Gives the loops of a guarded expression their leave, until then at the latest.
    pub(crate) fn grant(context: &mut Context<'_, '_>, until: Instant) -> Self {
        let left = Left { turns: AtomicU32::new(TURNS), until, used_up: AtomicBool::new(false) };
        let leave = Self(Arc::new(left));
        let asked = Arc::clone(&leave.0);
        // Nothing else has that name.
        if context.add_function(LEAVE, move || asked.take()).is_err() {
            leave.0.used_up.store(true, Ordering::Relaxed);
        }
        leave
    }

    /// Whether loops ended for want of it.
    pub(crate) fn is_used_up(&self) -> bool {
        self.0.used_up.load(Ordering::Relaxed)
    }
}

impl Left {
    fn take(&self) -> bool {
        let take = self.turns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let taken = take.is_ok() && Instant::now() < self.until;
        if !taken {
            self.used_up.store(true, Ordering::Relaxed);
        }
        taken
    }
}

/// The same expression with loops that ask.
pub(crate) fn guarded(expression: &IdedExpr) -> IdedExpr {
    let expr = match &expression.expr {
        Expr::Call(call) => Expr::Call(CallExpr {
            func_name: call.func_name.clone(),
            target: call.target.as_ref().map(|target| Box::new(guarded(target))),
            args: call.args.iter().map(guarded).collect(),
        }),
        Expr::Select(select) => {
            let mut select = select.clone();
            select.operand = Box::new(guarded(&select.operand));
            Expr::Select(select)
        }
        Expr::List(list) => {
            let mut list = list.clone();
            list.elements = list.elements.iter().map(guarded).collect();
            Expr::List(list)
        }
        Expr::Map(map) => {
            let mut map = map.clone();
            map.entries.iter_mut().for_each(|entry| guard_entry(&mut entry.expr));
            Expr::Map(map)
        }
        Expr::Struct(made) => {
            let mut made = made.clone();
            made.entries.iter_mut().for_each(|entry| guard_entry(&mut entry.expr));
            Expr::Struct(made)
        }
        Expr::Comprehension(over) => Expr::Comprehension(Box::new(guarded_loop(over))),
        other => other.clone(),
    };
    IdedExpr { id: expression.id, expr }
}

fn guard_entry(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::StructField(field) => field.value = guarded(&field.value),
        EntryExpr::MapEntry(entry) => {
            entry.key = guarded(&entry.key);
            entry.value = guarded(&entry.value);
        }
    }
}

/// `all` and `exists` have a condition of their own, which can end them. The others are recognised by their step, which
/// keeps its form: without leave it leaves everything as it is.
fn guarded_loop(over: &ComprehensionExpr) -> ComprehensionExpr {
    let mut own = ComprehensionExpr {
        iter_range: guarded(&over.iter_range),
        accu_init: guarded(&over.accu_init),
        loop_cond: guarded(&over.loop_cond),
        loop_step: guarded(&over.loop_step),
        result: guarded(&over.result),
        ..over.clone()
    };
    if !matches!(over.loop_cond.expr, Expr::Literal(_)) {
        own.loop_cond = if_leave(own.loop_cond, no());
        return own;
    }
    own.loop_step = match own.loop_step {
        IdedExpr { id, expr: Expr::Call(mut call) } if call.func_name == operators::CONDITIONAL => {
            if let Some(condition) = call.args.first_mut() {
                *condition = if_leave(std::mem::take(condition), no());
            }
            IdedExpr { id, expr: Expr::Call(call) }
        }
        step => if_leave(step, IdedExpr { id: 0, expr: Expr::Ident(own.accu_var.clone()) }),
    };
    own
}

fn if_leave(then: IdedExpr, otherwise: IdedExpr) -> IdedExpr {
    let leave = CallExpr { func_name: LEAVE.to_owned(), target: None, args: Vec::new() };
    let leave = IdedExpr { id: 0, expr: Expr::Call(leave) };
    let func_name = operators::CONDITIONAL.to_owned();
    let choice = CallExpr { func_name, target: None, args: vec![leave, then, otherwise] };
    IdedExpr { id: 0, expr: Expr::Call(choice) }
}

fn no() -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::Boolean(false.into())) }
}
