// SPDX-License-Identifier: BSD-3-Clause

package auth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// answers is an Authorizer that answers with one error.
type answers struct {
	auth.AllowAll
	err error
}

func (a answers) Authorize(context.Context, auth.Actor, auth.Action, auth.Scope) error { return a.err }

// limiter refuses with an error.
type limiter struct{ err error }

func (l limiter) Allow(context.Context, auth.Actor, auth.Action) error { return l.err }

func TestCan(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, c := range []struct {
		answer error
		may    bool
		err    error
	}{
		{nil, true, nil},
		{&auth.Denied{Action: "x.y"}, false, nil},
		{broken, false, broken},
	} {
		may, err := auth.Can(t.Context(), answers{err: c.answer}, auth.Visitor, "x.y", auth.Scope{})
		require.Equal(t, c.may, may)
		require.Equal(t, c.err, err)
	}
}

// A refusal becomes what the actor may know of it; what is broken stays so.
func TestHideAndUnknown(t *testing.T) {
	t.Parallel()
	denied, broken := &auth.Denied{Action: "x.y"}, errors.New("broken")
	require.NoError(t, auth.Hide(nil))
	require.Equal(t, storage.ErrNotFound, auth.Hide(denied))
	require.Equal(t, broken, auth.Hide(broken))
	require.NoError(t, auth.Unknown("board", nil))
	for _, err := range []error{denied, storage.ErrNotFound} {
		require.Equal(t, &storage.Invalid{Field: "board", Code: storage.CodeUnknown}, auth.Unknown("board", err))
	}
	require.Equal(t, broken, auth.Unknown("board", broken))
}

func TestSignedIn(t *testing.T) {
	t.Parallel()
	require.NoError(t, auth.SignedIn(auth.Actor{User: storage.NewID[auth.User]()}, "x.y"))
	require.Equal(t, &auth.Denied{Action: "x.y", Reason: auth.ReasonSignIn}, auth.SignedIn(auth.Actor{For: storage.NewID[auth.Org]()}, "x.y"))
}

func TestCount(t *testing.T) {
	t.Parallel()
	limited := &auth.Limited{Action: "x.y"}
	require.NoError(t, auth.Count(t.Context(), nil, auth.Visitor, "x.y"))
	require.NoError(t, auth.Count(t.Context(), limiter{}, auth.Visitor, "x.y"))
	require.Equal(t, limited, auth.Count(t.Context(), limiter{limited}, auth.Visitor, "x.y"))
}
