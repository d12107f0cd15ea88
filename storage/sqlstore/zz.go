package sqlstore

func ZZ() map[string]string {
	x := SQLite.under(nil)
	return map[string]string{"count": x.forms(&countReply).plain, "insert": x.forms(&insertReply).plain, "wrote": x.forms(&wrote).plain, "wrote again": x.forms(&wroteAgain).plain, "event": x.forms(&insertEvent).plain}
}
