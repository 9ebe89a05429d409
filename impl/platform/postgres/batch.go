package postgres

// BatchSize is the number of rows that one statement of a purge removes at most: few enough to lock little and to stay
// well within the statement time-out.
const BatchSize = 1000

// InBatches calls remove, which removes at most limit rows and says how many, until a call removes fewer.
func InBatches(remove func(limit int32) (int64, error)) error {
	for {
		removed, err := remove(BatchSize)
		if err != nil || removed < BatchSize {
			return err
		}
	}
}
