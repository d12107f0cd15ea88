// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"

	"github.com/copis-it/copis/storage"
)

// themes returns the themes that a question is given: ascending, none twice,
// all of them known to Config.Themes.
func (s *Service) themes(ctx context.Context, in []ThemeID) ([]ThemeID, error) {
	out := slices.Compact(slices.SortedFunc(slices.Values(in), ThemeID.Compare))
	switch {
	case len(out) == 0:
		return nil, nil
	case len(out) > MaxThemes:
		return nil, &storage.Invalid{Field: "themes", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxThemes}}
	case out[0].IsZero():
		return nil, &storage.Invalid{Field: "themes", Code: storage.CodeUnknown}
	case s.cfg.Themes == nil:
		return out, nil
	}
	unknown, err := s.cfg.Themes(ctx, slices.Clone(out))
	if err == nil && len(unknown) > 0 {
		err = &storage.Invalid{Field: "themes", Code: storage.CodeUnknown, Params: map[string]any{"unknown": unknown}}
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
