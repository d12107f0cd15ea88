// SPDX-License-Identifier: BSD-3-Clause

// Package storage holds the words that every Co.PIS package and every adapter
// agree on: identifiers, pages, text, events, errors, and the promise of
// Atomic.
//
// Tools (forum, qa, wiki, ...) declare their own Store interface beside the
// rules that use it. Adapters live below this package (storage/memory,
// storage/sqlstore) and prove themselves with storage/storetest.
//
// # Reads and changes
//
// A Store reads through methods and writes through one door, [Writer.Apply]:
// a [Change] is a value that says what becomes of a row ("insert this topic",
// "this topic, if it is still at version 4"). Apply makes all its changes or
// none. So a rule may look first, decide, and then write everything it decided
// in one step that fails with [ErrConflict] if what it looked at has moved;
// and an adapter sees the whole write at once and can send it in one round
// trip.
//
// # Atomicity
//
// Every Store has a method Atomic that runs a function as one unit of work,
// for work that must read what it has written, or that spans tools.
// All adapters keep the same promise:
//
//   - All or nothing. If fn returns an error or panics, nothing fn did is
//     visible, then or later; the panic continues.
//   - Own writes. Reads through tx see what fn has written.
//   - Roots are locked. Two units that read the same root object by its ID run
//     one after the other, so read-modify-write needs no further care. Lock
//     several roots in the order of their IDs.
//   - Nesting. tx.Atomic inside fn is a savepoint: its failure undoes its own
//     writes only. The same holds for tx.Apply. While it is open, tx itself
//     says [ErrNested].
//   - Events too. Events appended through tx appear exactly when its writes do.
//   - Going on. After ErrNotFound, ErrExists, ErrConflict and ErrInvalid a
//     unit may go on.
//
// fn may run more than once when the database asks for a retry, so it must
// change nothing but tx and variables it assigns afresh. tx is dead when fn
// returns ([ErrTxDone]); the outer store must not be used inside fn with fn's
// context ([ErrNested]). Neither hangs.
//
// A store joined to a host's transaction cannot run fn again: a deadlock or a
// serialization failure there reaches the host as [ErrRetry], and the host
// runs its transaction again. A commit whose answer was lost says
// [ErrUnknown]: it may have happened. Whoever creates things with a key
// ([Once]) may then simply ask again.
package storage
