// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAnchors} from "vklad/interfaces/IAnchors.sol";
import {IProgrammeRegistry} from "vklad/interfaces/IProgrammeRegistry.sol";

import {Deployed} from "./Deployed.sol";

contract RegistersTest is Deployed {
    bytes32 private constant ONE = keccak256("one");
    bytes32 private constant TWO = keccak256("two");

    function setUp() public {
        _deploy();
    }

    function testFuzz_OnlyTimelockActivates(address caller) public {
        vm.assume(caller != address(timelock));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.OnlyTimelock.selector, caller));
        registry.activate(ONE, 0, 0);
    }

    function test_Activations() public {
        uint64 now_ = uint64(block.timestamp);
        _activate(ONE, 0, now_ - 5);
        _require(registry.activation(1).effectiveAt == now_, "never in the past");
        _activate(TWO, ONE, now_ + 50);
        _require(registry.activation(2).effectiveAt == now_ + 50, "declared");
        _require(registry.current() == TWO && registry.count() == 2, "latest");
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.StaleActivation.selector, ONE, TWO), ONE, ONE, 0);
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.AlreadyCurrent.selector, TWO), TWO, TWO, 0);
        _refuse(abi.encodeWithSelector(IProgrammeRegistry.ZeroHash.selector), 0, TWO, 0);
        _refuse(
            abi.encodeWithSelector(
                IProgrammeRegistry.EffectiveBeforePrevious.selector, now_ + 49, now_ + 50
            ),
            ONE,
            TWO,
            now_ + 49
        );
        uint64 latest = now_ + registry.EFFECTIVE_AHEAD_S_MAX();
        _refuse(
            abi.encodeWithSelector(IProgrammeRegistry.EffectiveTooFar.selector, latest + 1, latest),
            ONE,
            TWO,
            latest + 1
        );
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.UnknownActivation.selector, 3));
        registry.activation(3);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeRegistry.UnknownActivation.selector, 0));
        registry.activation(0);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeRegistry.TimelockRefused.selector, address(0))
        );
        _create("ProgrammeRegistry", abi.encode(address(0)));
    }

    /// @dev On the edge of each bound an activation still goes through.
    function test_EdgesOfActivations() public {
        uint64 now_ = uint64(block.timestamp);
        _require(registry.EFFECTIVE_AHEAD_S_MAX() == 31_622_400, "a leap year of seconds");
        uint64 latest = now_ + 31_622_400;
        _activate(ONE, 0, latest);
        _activate(TWO, ONE, latest);
        _require(registry.activation(1).programme == ONE, "the older is kept");
        _require(registry.activation(2).effectiveAt == latest, "as late as the one before");
        bytes32[2] memory others = [bytes32(uint256(1)), bytes32(type(uint256).max)];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory refusal =
                abi.encodeWithSelector(IProgrammeRegistry.StaleActivation.selector, others[i], TWO);
            _refuse(refusal, ONE, others[i], latest);
        }
    }

    function test_AnchorsOnlyGrow() public {
        vm.expectRevert(abi.encodeWithSelector(IAnchors.OnlyAnchorer.selector, address(this)));
        anchors.anchor(1, ONE);
        vm.prank(anchorer);
        anchors.anchor(7, ONE);
        vm.prank(anchorer);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.TreeNotGrown.selector, 7, 7));
        anchors.anchor(7, TWO);
        vm.prank(anchorer);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.TreeNotGrown.selector, 6, 7));
        anchors.anchor(6, TWO);
        vm.prank(anchorer);
        vm.expectRevert(IAnchors.ZeroHash.selector);
        anchors.anchor(8, 0);
        vm.prank(anchorer);
        anchors.anchor(8, TWO);
        _require(anchors.count() == 2 && anchors.head(1).rootHash == ONE, "history");
        vm.expectRevert(abi.encodeWithSelector(IAnchors.UnknownHead.selector, 3));
        anchors.head(3);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.UnknownHead.selector, 0));
        anchors.head(0);
        vm.expectRevert(abi.encodeWithSelector(IAnchors.OnlyTimelock.selector, anchorer));
        vm.prank(anchorer);
        anchors.setAnchorer(address(9));
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAnchors.AccountRefused.selector, address(0)));
        anchors.setAnchorer(address(0));
        vm.prank(address(timelock));
        anchors.setAnchorer(address(9));
        _require(anchors.anchorer() == address(9), "replaced");
        vm.expectRevert(abi.encodeWithSelector(IAnchors.AccountRefused.selector, address(0)));
        _create("Anchors", abi.encode(address(0), anchorer));
    }

    /// @dev Times of a century to come are kept whole.
    function test_FarAhead() public {
        uint64 far = 2 ** 33;
        vm.warp(far);
        _activate(ONE, 0, far + 7);
        _require(registry.activation(1).effectiveAt == far + 7, "effective");
        _require(registry.activation(1).activatedAt == far, "activated");
        vm.prank(anchorer);
        anchors.anchor(2 ** 40, ONE);
        _require(anchors.head(1).anchoredAt == far && anchors.head(1).treeSize == 2 ** 40, "anchored");
    }

    function _activate(bytes32 programme, bytes32 replaces, uint64 effectiveAt) private {
        vm.prank(address(timelock));
        registry.activate(programme, replaces, effectiveAt);
    }

    function _refuse(bytes memory refusal, bytes32 programme, bytes32 replaces, uint64 effectiveAt) private {
        vm.prank(address(timelock));
        vm.expectRevert(refusal);
        registry.activate(programme, replaces, effectiveAt);
    }
}
