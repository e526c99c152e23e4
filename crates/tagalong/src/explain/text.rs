//! An explanation for people: one line per step, in the order in which things happen.

use super::{Explanation, Site};
use std::fmt;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.policy)?;
        if let Some(image) = &self.image {
            writeln!(f, "  image    {image}")?;
        }
        match &self.listing {
            Some(listing) => {
                let excluded = if listing.excluded > 0 {
                    format!(", {} excluded", listing.excluded)
                } else {
                    String::new()
                };
                writeln!(
                    f,
                    "  listing  {} tags{excluded}, complete, listed {}",
                    listing.tags, listing.scanned_at
                )?;
                writeln!(f, "           next listing {}", listing.next_scan)?;
            }
            None => writeln!(f, "  listing  none yet")?,
        }
        if let Some(decision) = &self.decision {
            writeln!(f, "  rule     {}", decision.rule)?;
            writeln!(f, "  filter   {} accepted, {} refused", decision.accepted, decision.refused)?;
            for refused in &decision.refused_first {
                writeln!(f, "           {} {}: {}", refused.tag, refused.reason, refused.message)?;
            }
            let more = decision.refused - decision.refused_first.len();
            if more > 0 {
                writeln!(f, "           and {more} more")?;
            }
            for (at, best) in decision.best.iter().enumerate() {
                let word = if at == 0 { "order" } else { "" };
                let value = if best.value == best.tag {
                    String::new()
                } else {
                    format!(" (compared: {})", best.value)
                };
                writeln!(f, "  {word:8} {}. {}{value}", at + 1, best.tag)?;
            }
            writeln!(f, "  gates    {}", decision.gates)?;
            for gated in &decision.gated {
                let left = gated.left.as_ref().map(|left| format!(" (in {left})")).unwrap_or_default();
                writeln!(f, "           {}: {}{left}", gated.reason, gated.message)?;
            }
            let digest =
                decision.digest.as_ref().map(|digest| format!(" with digest {digest}")).unwrap_or_default();
            writeln!(f, "  verdict  {}{digest}", decision.verdict)?;
        }
        writeln!(f, "  status   {}", self.status)?;
        if self.sites.is_empty() {
            writeln!(f, "  sites    none: no marker names this policy")?;
        }
        for site in &self.sites {
            site.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  site     {}:{} {}", self.file, self.line, self.path)?;
        writeln!(f, "           in {} {}", self.repository, self.branch)?;
        writeln!(f, "           holds {}", self.holds)?;
        match (&self.held, &self.becomes) {
            (Some(held), _) => writeln!(f, "           held {held}"),
            (None, Some(becomes)) => {
                writeln!(f, "           would become {becomes}")?;
                self.waits.iter().try_for_each(|waits| writeln!(f, "           waits {waits}"))
            }
            (None, None) => writeln!(f, "           is what it should be"),
        }
    }
}
