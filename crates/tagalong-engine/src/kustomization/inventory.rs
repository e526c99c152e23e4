//! The inventory between its two forms: as it stands in a status, and as the apply works with it. Pure.

use tagalong_api::{Inventory as Status, InventoryEntry};
use tagalong_apply::{Entry, Inventory, ObjectId};

/// What a status says was applied. An entry that cannot be read names nothing that could be deleted.
pub(super) fn read(status: Option<&Status>) -> Inventory {
    let entries = status.iter().flat_map(|status| &status.entries);
    entries
        .filter_map(|entry| Some(Entry { id: ObjectId::parse(&entry.id)?, version: entry.v.clone() }))
        .collect()
}

/// An inventory as it stands in a status.
pub(super) fn write(inventory: &Inventory) -> Status {
    let entries = inventory.entries.iter();
    Status {
        entries: entries
            .map(|entry| InventoryEntry { id: entry.id.encode(), v: entry.version.clone() })
            .collect(),
    }
}

/// What stands in either; of an object in both, the entry of `new`.
pub(super) fn both(old: &Inventory, new: &Inventory) -> Inventory {
    new.entries.iter().cloned().chain(old.without(new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(ids: &[(&str, &str)]) -> Status {
        let entry = |(id, v): &(&str, &str)| InventoryEntry { id: (*id).to_owned(), v: (*v).to_owned() };
        Status { entries: ids.iter().map(entry).collect() }
    }

    #[test]
    fn what_flux_noted_is_read_and_written_the_same() {
        let flux = status(&[("_apps__Namespace", "v1"), ("apps_web_apps_Deployment", "v1")]);
        assert_eq!(write(&read(Some(&flux))), flux);
        assert_eq!(read(None), Inventory::default());
        assert_eq!(read(Some(&status(&[("nothing", "v1")]))), Inventory::default());
    }

    #[test]
    fn both_hold_each_object_once_in_its_newer_version() {
        let old =
            read(Some(&status(&[("a_web_apps_Deployment", "v1"), ("a_x_acme.dev_Widget", "v1alpha1")])));
        let new = read(Some(&status(&[("a_x_acme.dev_Widget", "v1"), ("a_y__ConfigMap", "v1")])));
        let expected = status(&[
            ("a_web_apps_Deployment", "v1"),
            ("a_x_acme.dev_Widget", "v1"),
            ("a_y__ConfigMap", "v1"),
        ]);
        assert_eq!(write(&both(&old, &new)), expected);
    }
}
