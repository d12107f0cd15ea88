// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
)

// What is sent is counted by the address, by the account that asks, and by where
// requests come from: each of them alone is enough to be Limited.
func TestMailingIsCounted(t *testing.T) {
	t.Parallel()
	change := func(w *world, who auth.Actor, address string) error {
		return w.ChangeAddress(ctx, who, account.AddressChange{Address: address, Password: good})
	}
	w := newWorld(t)
	maria := w.join("maria.rossi")
	for i := range 3 {
		require.NoError(t, change(w, maria, fmt.Sprintf("m%d@altro.example", i)))
	}
	require.ErrorIs(t, change(w, maria, "m9@altro.example"), auth.ErrLimited, "by one account to many addresses")

	w = newWorld(t)
	for i := range 3 {
		require.NoError(t, change(w, w.join(fmt.Sprintf("persona.%c", 'a'+i)), "m@altro.example"))
	}
	require.ErrorIs(t, change(w, w.join("persona.z"), "m@altro.example"), auth.ErrLimited, "by many accounts to one address")

	w = newWorld(t, func(c *account.Config) { c.SignUps.Free = 2 })
	for i := range 3 {
		_, err := w.SignUp(ctx, account.NewAccount{Name: fmt.Sprintf("persona.%c", 'a'+i), Password: good, Source: "192.0.2.1"})
		require.Equal(t, i == 2, err != nil, "%v", err)
		err = w.RequestReset(ctx, fmt.Sprintf("m%d@altro.example", i), "192.0.2.2")
		require.Equal(t, i == 2, err != nil, "%v", err)
	}
}
