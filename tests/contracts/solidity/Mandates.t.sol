// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IMandates} from "vklad/interfaces/IMandates.sol";

import {Governance} from "./Governance.sol";

/// @dev Bounds: 1000 points an order, 1500 within thirty days.
contract MandatesTest is Governance {
    bytes32 private constant POOL = "treasury";
    bytes32 private constant ORDER = keccak256("order");

    function setUp() public {
        _deployWithMembers();
    }

    function test_AnOrderIsGivenByVote() public {
        _pass(_single(address(mandates), abi.encodeCall(mandates.spend, (POOL, 700, ORDER)), "spend"));
        _require(mandates.count() == 1, "counted");
        _require(mandates.pointsLeft() == 800, "taken");
    }

    function test_NumbersAreDenseOverAllKinds() public {
        vm.startPrank(address(timelock));
        vm.expectEmit(true, true, true, true);
        emit IMandates.TextResolved(1, ORDER);
        mandates.resolve(ORDER);
        vm.expectEmit(true, true, true, true);
        emit IMandates.BudgetOrdered(2, 1000, ORDER);
        mandates.openBudget(1000, ORDER);
        vm.expectEmit(true, true, true, true);
        emit IMandates.SpendingOrdered(3, POOL, 500, ORDER);
        mandates.spend(POOL, 500, ORDER);
        vm.stopPrank();
        _require(mandates.pointsLeft() == 0, "both count");
    }

    function test_OnlyTheTimelockOrders() public {
        bytes memory refusal = abi.encodeWithSelector(IMandates.OnlyTimelock.selector, address(this));
        vm.expectRevert(refusal);
        mandates.spend(POOL, 1, ORDER);
        vm.expectRevert(refusal);
        mandates.openBudget(1, ORDER);
        vm.expectRevert(refusal);
        mandates.resolve(ORDER);
    }

    function test_WhatIsNoOrderIsRefused() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(IMandates.NoPool.selector);
        mandates.spend(0, 1, ORDER);
        vm.expectRevert(IMandates.NoPoints.selector);
        mandates.spend(POOL, 0, ORDER);
        vm.expectRevert(IMandates.ZeroHash.selector);
        mandates.spend(POOL, 1, 0);
        vm.expectRevert(IMandates.ZeroHash.selector);
        mandates.resolve(0);
        vm.expectRevert(abi.encodeWithSelector(IMandates.OrderTooLarge.selector, 1001, 1000));
        mandates.openBudget(1001, ORDER);
        vm.stopPrank();
        _require(mandates.count() == 0, "nothing happened");
    }

    function test_AWindowIsSpentAndANewOneBegins() public {
        vm.startPrank(address(timelock));
        uint64 endsAt = uint64(block.timestamp) + 30 days;
        mandates.spend(POOL, 1000, ORDER);
        vm.warp(endsAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IMandates.WindowSpent.selector, 501, 500, endsAt));
        mandates.spend(POOL, 501, ORDER);
        mandates.spend(POOL, 500, ORDER);
        vm.warp(endsAt);
        _require(mandates.pointsLeft() == 1500, "a new window");
        mandates.spend(POOL, 1000, ORDER);
        _require(mandates.pointsLeft() == 500, "of the new window");
        vm.stopPrank();
    }

    /// @dev A window that begins in a century to come is thirty days long, too.
    function test_AWindowFarAhead() public {
        uint256 far = 2 ** 33;
        vm.warp(far);
        vm.startPrank(address(timelock));
        mandates.spend(POOL, 1000, ORDER);
        vm.warp(far + 30 days - 1);
        _require(mandates.pointsLeft() == 500, "of the same window");
        vm.warp(far + 30 days);
        _require(mandates.pointsLeft() == 1500, "a new window");
        vm.stopPrank();
    }

    function testFuzz_NoWindowGivesMore(uint64[12] memory points, uint32[12] memory pauses) public {
        vm.startPrank(address(timelock));
        uint256 began;
        uint256 sum;
        for (uint256 i = 0; i < points.length; ++i) {
            vm.warp(block.timestamp + pauses[i] % 12 days);
            uint64 amount = points[i] % 1200;
            if (block.timestamp >= began + 30 days) (began, sum) = (block.timestamp, 0);
            try mandates.spend(POOL, amount, ORDER) {
                sum += amount;
                _require(amount != 0 && amount <= 1000, "one order");
            } catch {
                if (sum == 0) began = 0;
            }
            _require(sum <= 1500, "one window");
        }
        vm.stopPrank();
    }

    function test_ConstructionRefusals() public {
        vm.expectRevert(abi.encodeWithSelector(IMandates.TimelockRefused.selector, address(0)));
        _createMandates(address(0), IMandates.Bounds(1, 1, 1));
        vm.expectRevert(IMandates.BoundsZero.selector);
        _createMandates(address(timelock), IMandates.Bounds(0, 1, 1));
        vm.expectRevert(IMandates.BoundsZero.selector);
        _createMandates(address(timelock), IMandates.Bounds(1, 0, 1));
        vm.expectRevert(IMandates.BoundsZero.selector);
        _createMandates(address(timelock), IMandates.Bounds(1, 1, 0));
    }
}
