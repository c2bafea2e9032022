;; What is done to every byte of a record batch, in WebAssembly: LZ4 blocks, and records to columns. After a change: scripts/assemble-wat.ts.
;; Bytes are copied 16 at a time, so up to 15 more than asked for: the caller leaves SLACK bytes behind everything.
(module
  (memory (export "memory") 16)

  ;; Where `number` reads on.
  (global $at (mut i32) (i32.const 0))

  ;; One LZ4 block at [src, srcEnd) to dst, up to dstEnd. Matches reach back to `low`. Returns where it ends; 0: it is none.
  (func $lz4 (export "lz4")
    (param $src i32) (param $srcEnd i32) (param $dst i32) (param $dstEnd i32) (param $low i32) (result i32)
    (local $token i32) (local $length i32) (local $from i32) (local $to i32) (local $distance i32) (local $byte i32)
    (loop $sequence
      (if (i32.ge_u (local.get $src) (local.get $srcEnd)) (then (return (i32.const 0))))
      (local.set $token (i32.load8_u (local.get $src)))
      (local.set $src (i32.add (local.get $src) (i32.const 1)))

      ;; Literals.
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      (if (i32.eq (local.get $length) (i32.const 15)) (then
        (loop $more
          (if (i32.ge_u (local.get $src) (local.get $srcEnd)) (then (return (i32.const 0))))
          (local.set $byte (i32.load8_u (local.get $src)))
          (local.set $src (i32.add (local.get $src) (i32.const 1)))
          (local.set $length (i32.add (local.get $length) (local.get $byte)))
          (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $srcEnd) (local.get $src))) (then (return (i32.const 0))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $dstEnd) (local.get $dst))) (then (return (i32.const 0))))
      (local.set $to (i32.add (local.get $dst) (local.get $length)))
      (local.set $from (local.get $src))
      (loop $literals
        (v128.store (local.get $dst) (v128.load (local.get $from)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (br_if $literals (i32.lt_u (local.get $dst) (local.get $to))))
      (local.set $dst (local.get $to))
      (local.set $src (i32.add (local.get $src) (local.get $length)))
      ;; The last sequence has no match.
      (if (i32.eq (local.get $src) (local.get $srcEnd)) (then (return (local.get $dst))))

      ;; A match.
      (if (i32.lt_u (i32.sub (local.get $srcEnd) (local.get $src)) (i32.const 2)) (then (return (i32.const 0))))
      (local.set $distance (i32.load16_u (local.get $src)))
      (local.set $src (i32.add (local.get $src) (i32.const 2)))
      (if (i32.eqz (local.get $distance)) (then (return (i32.const 0))))
      (if (i32.gt_u (local.get $distance) (i32.sub (local.get $dst) (local.get $low))) (then (return (i32.const 0))))
      (local.set $length (i32.and (local.get $token) (i32.const 15)))
      (if (i32.eq (local.get $length) (i32.const 15)) (then
        (loop $more
          (if (i32.ge_u (local.get $src) (local.get $srcEnd)) (then (return (i32.const 0))))
          (local.set $byte (i32.load8_u (local.get $src)))
          (local.set $src (i32.add (local.get $src) (i32.const 1)))
          (local.set $length (i32.add (local.get $length) (local.get $byte)))
          (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $dstEnd) (local.get $dst))) (then (return (i32.const 0))))
      (local.set $from (i32.sub (local.get $dst) (local.get $distance)))
      (local.set $to (i32.add (local.get $dst) (local.get $length)))
      (if (i32.ge_u (local.get $distance) (i32.const 16))
        (then
          (loop $match
            (v128.store (local.get $dst) (v128.load (local.get $from)))
            (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (br_if $match (i32.lt_u (local.get $dst) (local.get $to)))))
        (else
          ;; It overlaps itself: what is copied was copied just before.
          (loop $match
            (i32.store8 (local.get $dst) (i32.load8_u (local.get $from)))
            (local.set $dst (i32.add (local.get $dst) (i32.const 1)))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))
            (br_if $match (i32.lt_u (local.get $dst) (local.get $to))))))
      (local.set $dst (local.get $to))
      (br $sequence))
    (unreachable))

  ;; A zigzag number of up to 64 bits at $at.
  (func $number (result i64)
    (local $value i64) (local $shift i64) (local $byte i64)
    (loop $more
      (local.set $byte (i64.load8_u (global.get $at)))
      (global.set $at (i32.add (global.get $at) (i32.const 1)))
      (local.set $value (i64.or (local.get $value) (i64.shl (i64.and (local.get $byte) (i64.const 127)) (local.get $shift))))
      (local.set $shift (i64.add (local.get $shift) (i64.const 7)))
      (br_if $more (i32.and (i64.gt_u (local.get $byte) (i64.const 127)) (i64.lt_u (local.get $shift) (i64.const 64)))))
    (i64.xor
      (i64.shr_u (local.get $value) (i64.const 1))
      (i64.sub (i64.const 0) (i64.and (local.get $value) (i64.const 1)))))

  ;; Copies forwards; `to` may lie before `from`, at least 16 bytes.
  (func $copy (param $to i32) (param $from i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (local.get $length)))
    (loop $next
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $end)))))

  ;; `count` records at [from, end). Values go to `to` and on, at least 32 bytes before `from`; keys to `keys`. Columns go to `columns`, room for
  ;; `count` each: offsets and times (doubles), ends of values, counted from `base`, and of keys, counted from `keyBase` (32 bits), tombstones
  ;; (bytes). Records before offset `first` are left out. `deltas`: -1 where each record has a time of its own, else 0.
  ;; Returns the number of rows, or -1 - the number of the record that is none. At 0, 4 and 8: where values and keys end, how many tombstones.
  (func $records (export "records")
    (param $from i32) (param $end i32) (param $count i32) (param $to i32) (param $base i32) (param $keys i32) (param $keyBase i32)
    (param $columns i32) (param $baseOffset f64) (param $baseTime f64) (param $deltas i64) (param $first f64) (result i32)
    (local $i i32) (local $row i32) (local $recordEnd i32) (local $length i64) (local $offset f64) (local $time f64)
    (local $offsets i32) (local $times i32) (local $ends i32) (local $keyEnds i32) (local $tombstones i32) (local $buried i32)
    (local $key i32) (local $keyLength i32)
    (global.set $at (local.get $from))
    (local.set $offsets (local.get $columns))
    (local.set $times (i32.add (local.get $offsets) (i32.shl (local.get $count) (i32.const 3))))
    (local.set $ends (i32.add (local.get $times) (i32.shl (local.get $count) (i32.const 3))))
    (local.set $keyEnds (i32.add (local.get $ends) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $tombstones (i32.add (local.get $keyEnds) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $length (call $number))
        (if (i32.or
            (i64.le_s (local.get $length) (i64.const 0))
            (i64.gt_s (local.get $length) (i64.sub (i64.extend_i32_u (local.get $end)) (i64.extend_i32_u (global.get $at)))))
          (then (return (i32.sub (i32.const -1) (local.get $i)))))
        (local.set $recordEnd (i32.add (global.get $at) (i32.wrap_i64 (local.get $length))))
        ;; Attributes, unused.
        (global.set $at (i32.add (global.get $at) (i32.const 1)))
        (local.set $time (f64.add (local.get $baseTime) (f64.convert_i64_s (i64.and (call $number) (local.get $deltas)))))
        (local.set $offset (f64.add (local.get $baseOffset) (f64.convert_i64_s (call $number))))

        (local.set $length (call $number))
        (local.set $key (global.get $at))
        (local.set $keyLength (i32.const 0))
        (if (i64.gt_s (local.get $length) (i64.const 0)) (then
          (if (i64.gt_s (local.get $length) (i64.sub (i64.extend_i32_u (local.get $recordEnd)) (i64.extend_i32_u (global.get $at))))
            (then (return (i32.sub (i32.const -1) (local.get $i)))))
          (local.set $keyLength (i32.wrap_i64 (local.get $length)))
          (global.set $at (i32.add (global.get $at) (local.get $keyLength)))))

        (local.set $length (call $number))
        (if (i64.gt_s
            (select (local.get $length) (i64.const 0) (i64.gt_s (local.get $length) (i64.const 0)))
            (i64.sub (i64.extend_i32_u (local.get $recordEnd)) (i64.extend_i32_u (global.get $at))))
          (then (return (i32.sub (i32.const -1) (local.get $i)))))

        (if (f64.ge (local.get $offset) (local.get $first)) (then
          (if (local.get $keyLength) (then
            (call $copy (local.get $keys) (local.get $key) (local.get $keyLength))
            (local.set $keys (i32.add (local.get $keys) (local.get $keyLength)))))
          (i32.store8 (i32.add (local.get $tombstones) (local.get $row)) (i64.lt_s (local.get $length) (i64.const 0)))
          (if (i64.lt_s (local.get $length) (i64.const 0))
            (then (local.set $buried (i32.add (local.get $buried) (i32.const 1))))
            (else
              (call $copy (local.get $to) (global.get $at) (i32.wrap_i64 (local.get $length)))
              (local.set $to (i32.add (local.get $to) (i32.wrap_i64 (local.get $length))))))
          (f64.store (i32.add (local.get $offsets) (i32.shl (local.get $row) (i32.const 3))) (local.get $offset))
          (f64.store (i32.add (local.get $times) (i32.shl (local.get $row) (i32.const 3))) (local.get $time))
          (i32.store (i32.add (local.get $ends) (i32.shl (local.get $row) (i32.const 2))) (i32.sub (local.get $to) (local.get $base)))
          (i32.store (i32.add (local.get $keyEnds) (i32.shl (local.get $row) (i32.const 2))) (i32.sub (local.get $keys) (local.get $keyBase)))
          (local.set $row (i32.add (local.get $row) (i32.const 1)))))

        ;; Over the headers.
        (global.set $at (local.get $recordEnd))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 0) (local.get $to))
    (i32.store (i32.const 4) (local.get $keys))
    (i32.store (i32.const 8) (local.get $buried))
    (local.get $row)))
