module interop

go 1.24.0

require (
	github.com/emmansun/gmsm v0.41.1
	github.com/tjfoc/gmsm v1.4.1
)

require (
	golang.org/x/crypto v0.48.0 // indirect
	golang.org/x/sys v0.41.0 // indirect
)
