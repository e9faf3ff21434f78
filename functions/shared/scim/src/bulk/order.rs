//! The order of a bulk job's operations: that of the request, save where one waits for another.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    mem,
};

/// The operations, step by step, when `waits[i]` are those that `i` has to wait for.
///
/// A step is one operation, or several that wait for each other in a circle, in the order of the request. Each
/// step comes after all that its operations wait for, and otherwise as early as the request has it.
pub(super) fn steps(waits: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let (circle_of, members) = circles(waits);
    let mut waiting: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut freed: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    for (operation, waits) in waits.iter().enumerate() {
        let circle = circle_of[operation];
        for awaited in waits.iter().map(|awaited| circle_of[*awaited]).filter(|awaited| *awaited != circle) {
            if waiting[circle].insert(awaited) {
                freed[awaited].push(circle);
            }
        }
    }
    let place = |circle: usize| Reverse((members[circle][0], circle));
    let mut ready: BinaryHeap<_> =
        (0..members.len()).filter(|circle| waiting[*circle].is_empty()).map(place).collect();
    let mut steps = Vec::with_capacity(members.len());
    while let Some(Reverse((_, circle))) = ready.pop() {
        steps.push(members[circle].clone());
        for next in &freed[circle] {
            waiting[*next].remove(&circle);
            if waiting[*next].is_empty() {
                ready.push(place(*next));
            }
        }
    }
    steps
}

/// Which circle each operation is in, and the members of each: the strongly connected components of the graph, most
/// of them one operation alone.
fn circles(waits: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut awaited_by: Vec<Vec<usize>> = vec![Vec::new(); waits.len()];
    for (operation, waits) in waits.iter().enumerate() {
        for awaited in waits {
            awaited_by[*awaited].push(operation);
        }
    }
    let mut circle_of = vec![usize::MAX; waits.len()];
    let mut members: Vec<Vec<usize>> = Vec::new();
    for root in finished(waits).into_iter().rev() {
        if circle_of[root] != usize::MAX {
            continue;
        }
        let circle = members.len();
        let (mut found, mut left) = (Vec::new(), vec![root]);
        circle_of[root] = circle;
        while let Some(operation) = left.pop() {
            found.push(operation);
            for next in &awaited_by[operation] {
                if circle_of[*next] == usize::MAX {
                    circle_of[*next] = circle;
                    left.push(*next);
                }
            }
        }
        found.sort_unstable();
        members.push(found);
    }
    (circle_of, members)
}

/// The operations in the order in which a depth-first search is done with them.
fn finished(waits: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(waits.len());
    let mut seen = vec![false; waits.len()];
    for root in 0..waits.len() {
        if mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((operation, next)) = path.last_mut() {
            if let Some(awaited) = waits[*operation].get(*next) {
                *next += 1;
                if !mem::replace(&mut seen[*awaited], true) {
                    path.push((*awaited, 0));
                }
            } else {
                order.push(*operation);
                path.pop();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn check(waits: &[&[usize]], expected: &[&[usize]]) {
        let waits: Vec<_> = waits.iter().map(|waits| waits.to_vec()).collect();
        assert_eq!(steps(&waits), expected, "{waits:?}");
    }

    #[test]
    fn the_order_is_that_of_the_request_where_nothing_waits() {
        check(&[], &[]);
        check(&[&[], &[], &[]], &[&[0], &[1], &[2]]);
        check(&[&[], &[0], &[0, 1]], &[&[0], &[1], &[2]]);
    }

    #[test]
    fn an_operation_waits_and_moves_no_other() {
        check(&[&[2], &[], &[]], &[&[1], &[2], &[0]]);
        check(&[&[3], &[], &[0], &[]], &[&[1], &[3], &[0], &[2]]);
    }

    #[test]
    fn a_circle_is_one_step() {
        check(&[&[0]], &[&[0]]);
        check(&[&[1], &[0], &[1]], &[&[0, 1], &[2]]);
        check(&[&[4], &[0], &[3], &[2], &[1, 3]], &[&[2, 3], &[0, 1, 4]]);
    }

    proptest! {
        #[test]
        fn every_operation_has_its_step_after_those_it_waits_for(
            waits in (1usize..20).prop_flat_map(|count| vec(vec(0..count, 0..4), count))
        ) {
            let steps = steps(&waits);
            let mut step_of = vec![None; waits.len()];
            for (at, step) in steps.iter().enumerate() {
                prop_assert!(step.is_sorted());
                for operation in step {
                    prop_assert_eq!(step_of[*operation].replace(at), None);
                }
            }
            for (operation, waits) in waits.iter().enumerate() {
                prop_assert!(step_of[operation].is_some());
                for awaited in waits {
                    prop_assert!(step_of[*awaited] <= step_of[operation]);
                }
            }
            // Whoever shares a step reaches the others, and they reach it.
            let reaches = |from: usize, to: usize| {
                let (mut seen, mut left) = (vec![false; waits.len()], waits[from].clone());
                while let Some(next) = left.pop() {
                    if !mem::replace(&mut seen[next], true) {
                        left.extend(&waits[next]);
                    }
                }
                seen[to]
            };
            for step in steps.iter().filter(|step| step.len() > 1) {
                for (one, other) in step.iter().zip(step.iter().cycle().skip(1)) {
                    prop_assert!(reaches(*one, *other));
                }
            }
        }
    }
}
