// SPDX-License-Identifier: BSD-3-Clause

package mailinglist_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/mailinglist"
	"github.com/copis-it/copis/storage/memory"
)

func ExampleImport() {
	dump := strings.NewReader(`{"message_id": "a", "date": "2010-01-01T09:00:00+01:00", "author": "x", "subject": "Accessibilità", "body": "Chi ha provato?"}
{"message_id": "b", "in_reply_to": "a", "date": "2010-01-02T09:00:00+01:00", "author": "y", "subject": "Re: Accessibilità", "body": "Noi."}
{"message_id": "c", "in_reply_to": "b", "da`)

	report, err := mailinglist.Import(context.Background(), mailinglist.Config{
		Store: memory.New().Forum(), Name: "Lista sviluppatori", Audience: auth.Public,
	}, dump)
	fmt.Println(report.Topics, report.Messages, report.Refused, err)
	// Output: 1 2 [{3 line cut}] <nil>
}
