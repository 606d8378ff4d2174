;; What a step of training does to each parameter, four at a time. Lengths are in floats and multiples of 4; places are in bytes.
;; Compiled into updatesModule.ts by `npm run kernels`.
(module
  (import "js" "memory" (memory 1))

  ;; sum += share * x
  (func (export "accumulate") (param $sum i32) (param $x i32) (param $n i32) (param $share f32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (i32.shl (local.get $n) (i32.const 2))))
    (loop $next
      (if (i32.lt_u (local.get $sum) (local.get $end))
        (then
          (v128.store (local.get $sum)
            (f32x4.add (v128.load (local.get $sum))
              (f32x4.mul (v128.load (local.get $x)) (f32x4.splat (local.get $share)))))
          (local.set $sum (i32.add (local.get $sum) (i32.const 16)))
          (local.set $x (i32.add (local.get $x) (i32.const 16)))
          (br $next)))))

  ;; the sum of all x * x, added up in float64
  (func (export "sumSquares") (param $x i32) (param $n i32) (result f64)
    (local $end i32) (local $square v128) (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (loop $next
      (if (i32.lt_u (local.get $x) (local.get $end))
        (then
          (local.set $square (v128.load (local.get $x)))
          (local.set $low (f64x2.add (local.get $low)
            (f64x2.mul
              (f64x2.promote_low_f32x4 (local.get $square))
              (f64x2.promote_low_f32x4 (local.get $square)))))
          (local.set $square (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
            (local.get $square) (local.get $square)))
          (local.set $high (f64x2.add (local.get $high)
            (f64x2.mul
              (f64x2.promote_low_f32x4 (local.get $square))
              (f64x2.promote_low_f32x4 (local.get $square)))))
          (local.set $x (i32.add (local.get $x) (i32.const 16)))
          (br $next))))
    (local.set $low (f64x2.add (local.get $low) (local.get $high)))
    (f64.add (f64x2.extract_lane 0 (local.get $low)) (f64x2.extract_lane 1 (local.get $low))))

  ;; g = scale * gradient; m = beta1 m + g; v = beta2 v + g g; p = kept p - stepSize m / (sqrt(v) + epsilon)
  (func (export "adamw")
    (param $p i32) (param $gradient i32) (param $m i32) (param $v i32) (param $n i32)
    (param $scale f32) (param $beta1 f32) (param $beta2 f32)
    (param $stepSize f32) (param $epsilon f32) (param $kept f32)
    (local $end i32) (local $g v128) (local $nextM v128) (local $nextV v128)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 2))))
    (loop $next
      (if (i32.lt_u (local.get $p) (local.get $end))
        (then
          (local.set $g (f32x4.mul (v128.load (local.get $gradient)) (f32x4.splat (local.get $scale))))
          (local.set $nextM (f32x4.add
            (f32x4.mul (v128.load (local.get $m)) (f32x4.splat (local.get $beta1)))
            (local.get $g)))
          (local.set $nextV (f32x4.add
            (f32x4.mul (v128.load (local.get $v)) (f32x4.splat (local.get $beta2)))
            (f32x4.mul (local.get $g) (local.get $g))))
          (v128.store (local.get $m) (local.get $nextM))
          (v128.store (local.get $v) (local.get $nextV))
          (v128.store (local.get $p) (f32x4.sub
            (f32x4.mul (v128.load (local.get $p)) (f32x4.splat (local.get $kept)))
            (f32x4.mul
              (f32x4.div
                (local.get $nextM)
                (f32x4.add (f32x4.sqrt (local.get $nextV)) (f32x4.splat (local.get $epsilon))))
              (f32x4.splat (local.get $stepSize)))))
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
          (local.set $m (i32.add (local.get $m) (i32.const 16)))
          (local.set $v (i32.add (local.get $v) (i32.const 16)))
          (br $next)))))

  ;; average = p + decay * (average - p)
  (func (export "average") (param $average i32) (param $p i32) (param $n i32) (param $decay f32)
    (local $end i32)
    (local.set $end (i32.add (local.get $average) (i32.shl (local.get $n) (i32.const 2))))
    (loop $next
      (if (i32.lt_u (local.get $average) (local.get $end))
        (then
          (v128.store (local.get $average)
            (f32x4.add (v128.load (local.get $p))
              (f32x4.mul
                (f32x4.sub (v128.load (local.get $average)) (v128.load (local.get $p)))
                (f32x4.splat (local.get $decay)))))
          (local.set $average (i32.add (local.get $average) (i32.const 16)))
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (br $next)))))
)
