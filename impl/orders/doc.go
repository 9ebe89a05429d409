// Package orders owns products, their stock, orders and the subscriptions of other systems to them.
//
// It promises that no more is sold than there is, that one request places one order however often it is sent, that an
// order moves only along its table of transitions with everything that belongs to a step, and that whatever happens to
// an order is told, in order, to those who asked for it.
package orders
