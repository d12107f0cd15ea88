// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

// What is valid is taken, whether or not the domain answers; what is an error
// is refused. Of the rest, which people do not have, only spaces around an
// address are forgiven: no quotes, literals, comments or folded lines.
func TestAddressCorpus(t *testing.T) {
	t.Parallel()
	categories := map[string]int{}
	for _, c := range shared.Lines[struct{ Address, Category, Diagnosis string }](t, "corpora/identity/emails_isemail.jsonl") {
		address, _, err := account.ParseAddress(c.Address)
		taken := err == nil
		switch c.Category {
		case "ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN":
			assert.True(t, taken, "%q", c.Address)
		case "ISEMAIL_ERR", "ISEMAIL_RFC5321", "ISEMAIL_RFC5322", "ISEMAIL_DEPREC":
			assert.False(t, taken, "%q: %s", c.Address, c.Diagnosis)
		case "ISEMAIL_CFWS":
			assert.Equal(t, c.Address == strings.TrimSpace(c.Address)+" ", taken, "%q", c.Address)
		default:
			t.Errorf("%q is of no known category: %s", c.Address, c.Category)
		}
		if taken {
			assert.Equal(t, strings.TrimSpace(c.Address), address)
		} else {
			assert.ErrorIs(t, err, storage.ErrInvalid)
		}
		categories[c.Category]++
	}
	t.Log(categories)
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"maria.rossi@comune.esempio.it": true, "maria+copis@xn--e1afmkfd.xn--p1ai": true, "m@münchen.example": false, "mària@comune.example": false,
		"a@b@c.example": false, "maria@-x.example": false, "maria@x.example\r\nBcc: luca@x.example": false, "maria@x.example\x00": false,
		"maria@127.0.0.1": false, "maria@comune.example,luca@comune.example": false, "<maria@comune.example>": false, "maria@comune_x.example": false,
		strings.Repeat("a", 64) + "@x.example": true, strings.Repeat("a", 65) + "@x.example": false, "a@" + strings.Repeat("a.", 126) + "it": false,
	} {
		_, _, err := account.ParseAddress(address)
		require.Equal(t, ok, err == nil, "%.80q", address)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"maria.rossi@comune.example", " a@b ", "a@b\r\nc", `"x"@y.z`, "a@[1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, m, err := account.ParseAddress(s)
		if err != nil {
			if !errors.Is(err, storage.ErrInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if strings.ContainsAny(address, "\r\n\t <>,;:\\\"()[]\x00") || strings.Count(address, "@") != 1 || len(address) > account.MaxAddress {
			t.Errorf("%q is no address", address)
		}
		if again, same, err := account.ParseAddress(strings.ToUpper(address)); err != nil || same != m || !strings.EqualFold(again, address) {
			t.Errorf("%q in capitals is another", address)
		}
	})
}
